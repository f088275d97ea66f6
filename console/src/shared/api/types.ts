/** Names for the schemas of contracts/published/openapi.yaml. No schema is written by hand. */
import type { components } from "./routes.gen";

type Schemas = components["schemas"];

export type Rep = Schemas["Rep"];
export type Me = Schemas["Me"];

export type Deal = Schemas["Deal"];
/** `params` fill the message's template; refusals recorded by early versions have none. */
export type Reason = Omit<Schemas["RefusalReason"], "params"> & Partial<Pick<Schemas["RefusalReason"], "params">>;
export type TransitionField = Schemas["RequiredField"];
export type Transition = Schemas["AvailableTransition"];
export type BoardColumn = Schemas["BoardColumn"];
export type HistoryRow = Schemas["HistoryRow"];
export type Blueprint = Schemas["BlueprintDetails"];
export type Transitions = Schemas["AvailableTransitions"];
export type FunnelStage = Schemas["FunnelStage"];
export type WorklistItem = Schemas["WorklistDeal"];
export type Worklist = Schemas["Worklist"];

export type Lead = Schemas["Lead"];
export type Contribution = Schemas["Contribution"];
export type LeadScore = Schemas["LeadScore"];

export type Customer = Schemas["Customer"];
export type Segment = Schemas["Segment"];
export type Segments = Schemas["Segments"];
export type MatrixCell = Schemas["MatrixCell"];
export type Member = Schemas["Member"];

export type Survey = Schemas["Survey"];
export type QuestionResult = Schemas["QuestionResult"];
export type SurveyRow = Schemas["SurveyRow"];
export type Issue = Schemas["Issue"];

export type Comparison = Schemas["Comparison"];
export type FigureRow = Schemas["FigureRow"];
export type Figures = Schemas["Figures"];
export type Measure = Schemas["Measure"];
/** The direction of a change that is an improvement. */
export type Better = Measure["better"];
export type Tile = Schemas["Tile"];
export type FactRecord = Schemas["FactRecord"];
export type Target = Schemas["AttainedTarget"];

export type PublishedDefinition = Schemas["PublishedDefinition"];
export type DeadLetter = Schemas["WholeDeadLetter"];
export type DeadLetterGroup = Schemas["DeadLetterGroup"];
export type ReplayResult = Schemas["Replayed"];
export type DeadLetterStats = Schemas["DeadLetterStats"];
export type Health = Schemas["Health"];
export type Lag = Schemas["Lag"];
export type AuditEntry = Schemas["AuditEntry"];
