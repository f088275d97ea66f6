/** The values that search parameters of this feature's pages can have. */
export const SURVEY_GROUPS = ["business_line", "region", "team", "rep_id", "department"] as const;
export type SurveyGroup = (typeof SURVEY_GROUPS)[number];

export const ISSUE_STATUSES = ["open", "resolved"] as const;
