/** Names for what the API answers, as its own document (contracts/published/openapi.yaml) describes it. Nothing is kept by hand. */
import type { components } from "./routes.gen";

type Shapes = components["schemas"];

export type BusinessLine = Shapes["BusinessLine"];
export type Rep = Shapes["Rep"];
export type Me = Shapes["Me"];

export type Deal = Shapes["Deal"];
export type Status = Deal["status"];
export type Breach = Shapes["Breach"];
/** `params`: what fills the message; refusals that were told long ago have none. */
export type Reason = Omit<Shapes["Reason"], "params"> & Partial<Pick<Shapes["Reason"], "params">>;
export type FieldForm = Shapes["AskedField"];
export type Transition = Shapes["Transition"];
export type BoardColumn = Shapes["BoardColumn"];
export type HistoryRow = Shapes["HistoryRow"];
export type Blueprint = Shapes["Blueprint"];
export type Transitions = Shapes["Transitions"];
export type FunnelStage = Shapes["FunnelStage"];
export type Task = Shapes["Task"];
export type Worklist = Shapes["Worklist"];

export type Lead = Shapes["Lead"];
export type Contribution = Shapes["Contribution"];
export type LeadScore = Shapes["LeadScore"];

export type Customer = Shapes["Customer"];
export type Segment = Shapes["Segment"];
export type Segments = Shapes["Segments"];
export type MatrixCell = Shapes["MatrixCell"];
export type Member = Shapes["Member"];

export type Survey = Shapes["Survey"];
export type QuestionResult = Shapes["QuestionResult"];
export type SurveyRow = Shapes["SurveyRow"];
export type Issue = Shapes["Issue"];

export type Comparison = Shapes["Comparison"];
export type FigureRow = Shapes["FigureRow"];
export type Figures = Shapes["Figures"];
export type Measure = Shapes["Measure"];
export type Tile = Shapes["Tile"];
export type Fact = Shapes["FactRecord"];
export type Target = Shapes["AttainedTarget"];

export type PublishedDefinition = Shapes["PublishedDefinition"];
export type Letter = Shapes["WholeDeadLetter"];
export type LetterGroup = Shapes["DeadLetterGroup"];
export type Replayed = Shapes["Replayed"];
export type LetterStats = Shapes["DeadLetterStats"];
export type Health = Shapes["Health"];
export type Lag = Shapes["Lag"];
export type AuditEntry = Shapes["AuditEntry"];
