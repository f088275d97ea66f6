import type { targets as english } from "../en/targets";

export const targets: Record<keyof typeof english, string> = {
  "targets.navigation": "达成率",
  "targets.title": "{period}目标",
  "targets.set": "设定目标",
  "targets.edit": "修改",
  "targets.edit.scope": "修改目标：{scope}",
  "targets.edit.title": "修改目标",
  "targets.none": "{period}尚未设定目标",
  "targets.none.how":
    "目标由指标、范围（公司、业务线、区域、团队或销售代表）和数值组成。设定后看板立即显示达成率与进度。",
  "targets.none.who": "总监或管理员可以设定目标。",
  "targets.scope": "范围",
  "targets.company": "全公司",
  "targets.all": "全部",
  "targets.attainment": "达成率（竖线为时间进度）",
  "targets.actual": "实际",
  "targets.setBy": "设定人",
  "targets.parts": "下级 {n} 个目标合计 {sum}（{share}）",
  "targets.value": "目标",
  "targets.value.percent": "目标（%）",
  "targets.value.days": "目标（天）",
  "targets.invalidValue": "请输入数字，小数位数不能超过币种的精度。",
  "targets.stale": "此目标刚被他人修改。请关闭表单，查看新值后重试。",
  "targets.exists": "该目标已存在，请在对应行中修改。",
  "targets.done": "已设定目标：{measure}，{scope}",
};
