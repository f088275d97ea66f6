/** Periods for which targets are set: the current, next and previous months, quarters and years. Pure. */
export function targetPeriods(day: { year: number; month: number }): string[] {
  const month = (offset: number): string => {
    const n = day.year * 12 + day.month - 1 + offset;
    return `${Math.floor(n / 12)}-${String((n % 12) + 1).padStart(2, "0")}`;
  };
  const quarter = (offset: number): string => {
    const n = day.year * 4 + Math.ceil(day.month / 3) - 1 + offset;
    return `${Math.floor(n / 4)}-Q${(n % 4) + 1}`;
  };
  return [
    month(1),
    month(0),
    month(-1),
    month(-2),
    quarter(1),
    quarter(0),
    quarter(-1),
    String(day.year + 1),
    String(day.year),
    String(day.year - 1),
  ];
}
