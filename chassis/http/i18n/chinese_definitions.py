"""Chinese messages of faults in definitions, by `definition.` and the fault's code; `triptych check` prints them."""
from collections.abc import Mapping, Sequence

_FILES: Mapping[str, str] = {
    "anchor_or_tag": "不能使用锚点、别名或标签，请直接写出值。",
    "bad_key": "键必须是普通文本。",
    "bad_version": "必须是不小于 1 的整数。",
    "bad_yaml": "不是有效的 YAML：{problem}",
    "duplicate_key": "键“{value}”重复，请删除其中一个。",
    "missing": "缺少此必填的键。",
    "name_is_not_the_file": "“{value}”必须与文件名“{expected}”一致。",
    "not_a_mapping": "必须是键与值组成的映射。",
    "not_utf8": "文件必须使用 UTF-8 编码，第 {byte} 个字节不是。",
    "published_version_edited": "{ref} 已经发布过，内容不同，进行中的记录仍按它处理；请把 version 改为 {next}。",
    "several_documents": "一个文件只能有一个 YAML 文档，请删除第二个。",
    "string_pattern_mismatch": "必须符合格式 {pattern}。",
    "text_missing": "缺少以下语言的文本：{missing}。",
    "too_deep_file": "嵌套最多 {most} 层。",
    "too_large_file": "文件最大为 1 MiB。",
    "unknown_key": "没有此键，可用的键有：{allowed}。",
}
_CRITERIA: Mapping[str, str] = {
    "criterion_arguments": "函数“{value}”的参数不正确：{problem}（第 {position} 个字符）",
    "criterion_arithmetic": "只有数字可以计算；连接文本请用 concat(...)（第 {position} 个字符）",
    "criterion_call": "函数调用必须是函数名加括号中的值（第 {position} 个字符）",
    "criterion_chain": "连续比较的中间必须是一个名称，否则请用 and 连接两个比较（第 {position} 个字符）",
    "criterion_characters": "不能含有控制字符，嵌套也不能过深（第 {position} 个字符）",
    "criterion_comment": "条件中不能有注释（第 {position} 个字符）",
    "criterion_constant": "常量必须是文本或最多 18 位的数字（第 {position} 个字符）",
    "criterion_empty": "必须是一个表达式，例如 score >= 50（第 {position} 个字符）",
    "criterion_field": "field('...') 必须带一个加引号的文本（第 {position} 个字符）",
    "criterion_is": "不支持 is，请使用 ==（第 {position} 个字符）",
    "criterion_not_boolean": "“{text}”的值不是真或假，永远不会满足；请写成比较，例如 {text} > 0。",
    "criterion_path": "点号或方括号必须跟在名称之后，例如 contact.email（第 {position} 个字符）",
    "criterion_private_name": "名称“{value}”不能以下划线开头（第 {position} 个字符）",
    "criterion_syntax": "“{text}”不是有效的表达式：{problem}（第 {position} 个字符）",
    "criterion_too_deep": "嵌套最多 {most} 层（第 {position} 个字符）",
    "criterion_too_long": "最多 {most} 个字符（第 {position} 个字符）",
    "criterion_unknown_function": "没有函数“{value}”，可用的有：{allowed}（第 {position} 个字符）",
    "criterion_unknown_name": "没有名称“{value}”，可用的有：{allowed}（第 {position} 个字符）",
    "criterion_unsupported": "不支持 {what}；可用 and、or、not、比较、+ - * / // % 和函数（第 {position} 个字符）",
}
_BUSINESS_LINES: Mapping[str, str] = {
    "bad_duration": "“{value}”不是有效的时长，例如 30m、36h、5d、2w。",
    "blueprint_twice": "流程蓝图“{value}”重复，名称必须唯一。",
    "field_twice": "字段“{value}”重复，名称必须唯一。",
    "initial_not_open": "“{value}”必须是进行中的阶段，可用的有：{allowed}。",
    "no_source_stage": "流转必须有起始阶段：请在 from 中列出阶段，或写 common: true。",
    "options_of_choice": "options 只用于类型为 choice 或 choices 的字段，且这类字段必须有。",
    "order_twice": "顺序 {value} 重复，每个阶段的顺序必须唯一。",
    "pipeline_of_two_lines": "销售管道“{value}”已属于业务线“{other}”，名称必须唯一。",
    "reopen_of_closed": "reopen: true 只用于从已关闭的阶段出发的流转，且这类流转必须写。",
    "reopen_to_closed": "“{value}”是已关闭的阶段，重新打开必须进入进行中的阶段。",
    "stage_twice": "阶段“{value}”重复，名称必须唯一。",
    "stage_type_missing": "每种类型至少需要一个阶段，缺少：{missing}。",
    "standard_field": "“{value}”是每个商机都有的标准字段，请使用其他名称。",
    "transition_twice": "流转“{value}”重复，名称必须唯一。",
    "unknown_field_required": "“{value}”既不是页面布局中的字段，也不是标准字段，可用的有：{allowed}。",
    "unknown_stage": "此流程蓝图没有阶段“{value}”，可用的有：{allowed}。",
    "unreachable_stage": "没有流转可以从初始阶段到达“{value}”，请添加流转或删除该阶段。",
    "won_before_open": "赢单阶段必须排在所有进行中的阶段之后。",
}
_SCORECARDS: Mapping[str, str] = {
    "disqualify_above_qualify": "不能大于 qualify_at，即 {qualify_at}。",
    "grades_order": "等级必须从高到低排列，每个都有 from，最后一个没有。",
    "group_in_both": "组“{value}”已用于 fit 规则；一个组只能属于 fit 或 engagement。",
    "max_times_without_repeatable": "max_times 需要同时写 repeatable: true。",
    "rule_twice": "规则“{value}”重复，名称必须唯一。",
    "scorecard_for_line_twice": "业务线“{line}”已有评分卡“{other}”，一条业务线只能有一张评分卡。",
    "unbounded_engagements": "互动的次数没有上限，可重复的互动规则需要 max_times。",
    "unknown_group": "没有规则属于组“{value}”，可用的有：{allowed}。",
}
_SEGMENTS: Mapping[str, str] = {
    "bad_timezone": "“{value}”不是 IANA 时区，例如 Europe/Berlin 或 Asia/Shanghai。",
    "cutoffs_order": "必须是四个递增的数字。",
    "no_segmentation": "没有任何分群规则，请至少添加一个。",
    "range_order": "{low} 到 {high} 不包含任何分数，请把较低的分数写在前面。",
    "scores_without_segment": "分数 {score} 不属于任何客群（共 {count} 个）；请在最后添加 r、f、m 均为 [1, 5] 的客群。",
    "segment_twice": "客群“{value}”重复，名称必须唯一。",
}
_SURVEYS: Mapping[str, str] = {
    "choices_missing": "类型为 choice 的问题必须有选项，请写在 choices 中。",
    "choices_not_allowed": "只有类型为 choice 的问题可以有选项。",
    "question_for_others": "类型为 {type} 的问题不能用于此问卷的受访者。",
    "question_twice": "问题“{value}”重复，编号必须唯一。",
    "reminder_after_expiry": "必须小于 expires_after_days，即 {days}。",
    "scale_fixed": "{type} 的量表固定为 {low} 到 {high}。",
    "scale_not_allowed": "类型为 {type} 的问题没有量表，请删除。",
    "scale_order": "min 必须小于 max。",
}
_OTHERS: Mapping[str, str] = {
    "check_failed": "{files} 个文件中共有 {count} 处错误。",
    "check_passed": "{kinds} 类共 {definitions} 个定义，全部有效。",
    "event_of_a_service": "{value} 由服务 {owner} 发布，请导入引起它的业务事件。",
    "no_mapping": "没有映射“{value}”，可用的有：{allowed}。",
    "unknown_event": "“{value}”不是事件类型，请使用 contracts/published/schemas 中的一种。",
    "unknown_file": "“{value}”不在 files 中，可用的有：{allowed}。",
    "unknown_role": "没有角色“{value}”，可用的有：{allowed}。",
}
DEFINITIONS: Mapping[str, Sequence[str]] = {
    f"definition.{code}": (text,)
    for texts in (_FILES, _CRITERIA, _BUSINESS_LINES, _SCORECARDS, _SEGMENTS, _SURVEYS, _OTHERS)
    for code, text in texts.items()}
