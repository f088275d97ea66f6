/** What the API answers, as far as the console reads it. The API's own document leaves answers open; these are its promises. */
import type { Money } from "@/format/numbers";
import type { Title } from "@/i18n";

export interface BusinessLine { name: string; version: number; title: Title; pipelines: string[]; opens_on_qualified: boolean }
export interface Rep { rep_id: string; name?: string | null; team?: string | null; region?: string | null; department?: string | null }

export type Status = "open" | "won" | "lost";
export interface Breach { stage: string; due_at: string; level: string }
export interface Deal {
  opportunity_id: string; status: Status; stage: string; pipeline: string; business_line: string; blueprint: string;
  opened_at: string | null; forecast_category: string; deal_kind: string; customer_id: string | null; lead_id: string | null;
  campaign_id: string | null; rep_id: string | null; region: string | null; team: string | null; product_id: string | null;
  dimensions: Record<string, string> | null; amount: Money | null; expected_close_on: string | null;
  fields: Record<string, unknown>; stage_entered_at: string | null; closed_at: string | null; stage_before: string | null;
  loss_reason: string | null; due_at: string | null; breaches: Breach[]; rev: number; updated_at: string | null;
}
export interface Reason { code: string; path: string; message: string }
export interface FieldForm {
  name: string; type: "text" | "number" | "integer" | "boolean" | "date" | "money" | "choice" | "choices"; label: Title;
  required?: boolean; value?: unknown; options?: { name: string; title: Title }[]; standard?: boolean;
}
export interface Transition {
  name: string; title: Title; to: string; to_title: Title; owners: string[]; allowed: boolean; reasons: Reason[];
  fields: FieldForm[]; checklist: { name: string; title: Title }[]; actions: { kind: string; count: number; done: number }[];
}
export interface Transitions { opportunity_id: string; stage: string; blueprint: string; items: Transition[] }
export interface BoardColumn {
  pipeline: string; stage: string; title?: Title; type?: "open" | "won" | "lost"; order?: number; count: number; sums: Money[];
}
export interface HistoryRow { sequence: number; id: string; type: string; time: string; data: Record<string, unknown> }

export interface Blueprint {
  name: string; version: number; business_line: string; title: Title; when: string | null; initial: string;
  stages: { name: string; title: Title; type: "open" | "won" | "lost"; order: number; probability: number | null;
    forecast_category: string; sla: { after_seconds: number; level: string }[] }[];
  transitions: { name: string; title: Title; from: string[]; to: string; reopen: boolean; owners: string[]; criteria: string | null;
    requires: { field: string; check: string | null; message: string | null }[]; actions: { kind: string; count: number }[];
    checklist: { name: string; title: Title }[] }[];
  loss_reasons: { name: string; title: Title }[];
}
export interface FunnelStage {
  stage: string; title: Title; reached: number; converted: number; conversion: number | null; median_days: number | null;
  lost: number; loss_reasons: Record<string, number>;
}
export interface Funnel { pipeline: string; mode: string; from: string | null; to: string | null; stages: FunnelStage[] }
export type Task = Omit<Deal, never> & { transitions: { name: string; to: string; allowed: boolean; reasons: Reason[] }[] };
export interface Worklist { rep_id: string; overdue: Task[]; due_today: Task[]; next: Task[] }

export interface Lead {
  lead_id: string; status: string; captured_at: string | null; contact?: { name?: string; email?: string; company?: string; phone?: string; role?: string } | null;
  attributes: Record<string, unknown>; dimensions: Record<string, string> | null; business_line: string | null; region: string | null;
  team: string | null; rep_id: string | null; source: string | null; score: number | null; grade: string | null; fit: number | null;
  engagement: number | null; model: string | null; closed_at: string | null; customer_id: string | null; opportunity_id: string | null;
  merged_into: string | null; loss_reason: string | null;
}
export interface Contribution { rule: string; points: number; why: string }
export interface LeadScore {
  lead_id: string; score: number | null; reason?: string; qualified?: boolean; grade?: string; fit?: number; engagement?: number;
  model?: string; contributions?: Contribution[]; history: { at: string; score: number; grade: string; model: string }[];
}

export interface Profile { r: number; f: number; m: number; recency_days?: number; frequency?: number; monetary_minor?: number; currency?: string | null }
export interface Customer {
  customer_id: string; name: string | null; business_line: string | null; region: string | null; team: string | null; rep_id: string | null;
  dimensions: Record<string, string>; attributes: Record<string, unknown>; contacts: { contact_id: string; name?: string; email?: string; role?: string }[];
  purchases: number; spent: Money[]; first_purchase_on: string | null; last_purchase_on: string | null; merged_into: string | null;
  segments: Record<string, { segment: string; since?: string; as_of?: string; profile: Profile }>;
}
export interface Segment { name: string; title: Title; members: number }
export interface Segments {
  items: Segment[]; segmentation: string; as_of: string | null; customers: number;
  cutoffs: { recency_days: number[]; frequency: number[]; monetary_minor: number[] };
}
export interface MatrixCell { r: number; fm: number; customers: number; monetary_minor: number }
export interface Member { customer_id: string; name: string | null; segment: string; profile: Profile }

export interface Survey {
  name: string; version: string; title: Title; audience: string; languages: string[]; trigger: string | null; expires_after_days: number;
  questions: { id: string; type: string; title: Title; required: boolean; scale: { min: number; max: number } | null;
    choices: { name: string; title: Title }[] }[];
}
export interface Mark { value: number | null; margin: number | null; reason?: string }
export interface QuestionResult {
  id: string; type: string; n: number; promoters?: number; passives?: number; detractors?: number; nps?: number | null;
  margin?: number | null; csat?: { top2: Mark; mean: Mark }; ces?: { mean: Mark; top3: Mark }; mean?: Mark; distribution: Record<string, number>;
}
export interface SurveyRow {
  dimensions: Record<string, string | null>; n: number | null; reason?: string; smallest_group?: number; invited?: number; delivered?: number;
  answered?: number; response_rate?: number | null; questions?: QuestionResult[];
}
export interface SurveyResults { survey: string; title: Title; by: string[]; confidence: number; rows: SurveyRow[]; complete_until: string }
export interface Issue {
  issue_id: string; status: "open" | "resolved"; survey: string; reason: string; respondent_id: string; response_id: string;
  context: Record<string, string | null> | null; raised_at: string; resolved_at: string | null; note: string | null; actor_id: string | null;
}

export interface Comparison {
  value: number | null; change: number | null; growth: number | null; points?: number | null; reason?: string;
  period?: string; from?: string; to?: string; like_for_like?: boolean;
}
export interface FigureRow {
  period: string; from?: string; to?: string; dimensions: Record<string, string | null>; value: number | null; n?: number; reason?: string;
  numerator?: number; denominator?: number; comparisons?: Record<string, Comparison>; target?: number; attainment?: number | null;
  pace?: number | Record<string, unknown> | null; anomaly?: unknown; [more: string]: unknown;
}
export interface Figures {
  measure: string; title: Title; unit: string; kind: string; formula?: Title; definition?: string; basis?: string | null;
  dimensions: string[]; additive?: boolean; grain?: string; as_of: string; complete_until: string; rows: FigureRow[]; next: string | null;
  reason?: string; by?: string[];
}
