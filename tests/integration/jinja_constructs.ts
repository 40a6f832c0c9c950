/** Constructs of Jinja and dbt that the SQL of a model may be made with; dbt and our runner must give the same text. */

/** What macros of the project do in the constructs. */
export const MACROS = [
  "{% macro macro_varargs_m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}",
  "{% macro macro_caller_m(a) %}<{{ caller() }}>{% endmacro %}",
  "{% macro macro_caller_args_m(a) %}<{{ caller(a) }}>{% endmacro %}",
  "{% macro macro_recursive_f(n) %}{{ n }}{% if n > 0 %}{{ macro_recursive_f(n-1) }}{% endif %}{% endmacro %}",
  "{% macro macro_default_list_m(a=[]) %}{{ a|length }}{% endmacro %}",
  "{% macro macro_truth_m() %}{% endmacro %}",
  "{% macro call_star_m(a,b) %}{{ a }}{{ b }}{% endmacro %}",
  "{% macro return_list() %}{{ return(['a', 'b']) }}{% endmacro %}",
  "{% macro return_dict() %}{% do return({'a': 7}) %}{% endmacro %}",
  "{% macro early_return(n) %}{% if n > 3 %}{{ return('large') }}{% endif %}small{% endmacro %}",
  "{% macro add_two(l) %}{% do l.append(1) %}{% do l.extend([2]) %}{% endmacro %}",
  "{% macro fill(d) %}{% do d.update({'a': 1}) %}{% endmacro %}",
  "{% macro raise_it(ns) %}{% set ns.n = ns.n + 1 %}{% endmacro %}",
  "{% macro options(a) %}{{ a }} {{ varargs }} {{ kwargs }}{% endmacro %}",
  "{% macro inner_macro(x) %}<{{ x }}>{% endmacro %}",
  "{% macro outer_macro(x) %}{{ inner_macro(x ~ '!') }}{% endmacro %}",
  "{% macro wrapped(tag) %}<{{ tag }}>{{ caller() }}</{{ tag }}>{% endmacro %}",
  "{% macro pairs() %}{{ caller(1, 'a') }}{{ caller(2, 'b') }}{% endmacro %}",
  "{% macro defaulted(a, b=a) %}{{ a }}{{ b }}{% endmacro %}",
  "{% macro spaced() %}",
  "  x",
  "{% endmacro %}",
  "{% macro trimmed() -%}",
  "  x",
  "{%- endmacro %}",
  "{% macro default__shape(n) %}default {{ n }}{% endmacro %}",
  "{% macro duckdb__shape(n) %}duckdb {{ n }}{% endmacro %}",
  "{% macro default__size(n) %}size {{ n }}{% endmacro %}",
].join("\n");

/** By name, of which the test makes a model each. */
export const CONSTRUCTS: Record<string, string> = {
  empty_list_false: "{% if [] %}yes{% else %}no{% endif %}",
  empty_dict_false: "{% if {} %}yes{% else %}no{% endif %}",
  zero_false: "{% if 0 %}yes{% else %}no{% endif %}{% if '' %}y{% else %}n{% endif %}",
  replace_all: "{{ 'a-b-c'.replace('-', '_') }}",
  replace_filter: "{{ 'a-b-c'|replace('-', '_') }}",
  replace_count: "{{ 'a-b-c'.replace('-', '_', 1) }}",
  div: "{{ 4 / 2 }} {{ 7 // 2 }} {{ 7 % 3 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 2 ** 3 }} {{ 2 ** -1 }}",
  div2: "{{ 1 / 3 }} {{ 10 / 4 }} {{ 1e20 }} {{ 1.0 }} {{ 1.50 }} {{ 100000000000000000000 }}",
  set_in_loop: "{% set x = 0 %}{% for i in [1,2] %}{% set x = i %}{% endfor %}{{ x }}",
  namespace:
    "{% set ns = namespace(x=0) %}{% for i in [1,2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}",
  bools: "{{ true }} {{ false }} {{ none }} {{ True }} {{ None }}",
  list_print: "{{ [1, 'a', true, none, 1.0] }}",
  dict_print: "{{ {'a': 1, 'b': [1,2]} }}",
  tuple_print: "{{ (1, 2) }} {{ (1,) }}",
  str_quote: "{{ [\"it's\", 'a\"b', 'x\\ny'] }}",
  tilde: "{{ 'a' ~ 1 ~ true ~ none ~ 1.0 ~ [1] }}",
  join: "{{ [1, 'a', true, none]|join(', ') }}",
  join_attr: "{{ [{'n':'a'},{'n':'b'}]|join(',', attribute='n') }}",
  slice: "{{ [1,2,3,4][1:3] }} {{ 'hello'[::-1] }} {{ [1,2,3][-1] }} {{ 'abc'[1] }}",
  do_append:
    "{% set l = [] %}{% do l.append(1) %}{% for i in [2,3] %}{% do l.append(i) %}{% endfor %}{{ l|join(',') }}",
  set_append: "{% set l = [] %}{% set _ = l.append(1) %}{{ l }}",
  print_append: "{% set l = [] %}{{ l.append(1) }}{{ l }}",
  do_update: "{% set d = {} %}{% do d.update({'a': 1}) %}{{ d }}",
  dict_items: "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}",
  dict_iter: "{% for k in {'b': 1, 'a': 2} %}{{ k }}{% endfor %}",
  dict_keys:
    "{{ {'b':1,'a':2}.keys()|list }} {{ {'b':1}.values()|list }} {{ {'a':1}.get('z', 5) }} {{ {'a':1}.get('z') }}",
  dictsort: "{{ {'b':1,'a':2}|dictsort }}",
  loop_vars:
    "{% for i in [1,2,3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.revindex }} {% endfor %}",
  loop_cycle: "{% for i in [1,2,3] %}{{ loop.cycle('a','b') }}{% endfor %}",
  loop_changed: "{% for i in [1,1,2] %}{{ loop.changed(i) }} {% endfor %}",
  loop_else: "{% for i in [] %}x{% else %}none{% endfor %}",
  loop_filter: "{% for i in [1,2,3,4] if i % 2 == 0 %}{{ i }}{{ ',' if not loop.last }}{% endfor %}",
  loop_break: "{% for i in [1,2,3] %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}",
  loop_continue: "{% for i in [1,2,3] %}{% if i == 2 %}{% continue %}{% endif %}{{ i }}{% endfor %}",
  loop_recursive:
    "{% for i in [[1,[2]],[3]] recursive %}{% if i is iterable and i is not string %}({{ loop(i) }}){% else %}{{ i }}{% endif %}{% endfor %}",
  range: "{% for i in range(3) %}{{ i }}{% endfor %} {{ range(2, 8, 3)|list }} {{ range(5, 0, -2)|list }}",
  macro_varargs: "{{ macro_varargs_m(1, 2, 3, x=4) }}",
  macro_caller: "{% call macro_caller_m(1) %}in{% endcall %}",
  macro_caller_args: "{% call(x) macro_caller_args_m(1) %}in{{ x }}{% endcall %}",
  macro_recursive: "{{ macro_recursive_f(3) }}",
  macro_default_list: "{{ macro_default_list_m() }}{{ macro_default_list_m([1]) }}",
  macro_truth: "{% if macro_truth_m() %}y{% else %}n{% endif %}",
  ws: "a\n{%- if true -%}\n b \n{%- endif %}\nc {{- 1 -}} d",
  raw: "{% raw %}{{ x }}{% endraw %}",
  comment: "a{# c #}b",
  set_block: "{% set x %}a{{ 1 }}{% endset %}{{ x }}",
  set_block_filter: "{% set x | upper %}a{{ 1 }}{% endset %}{{ x }}",
  set_tuple: "{% set a, b = 1, 2 %}{{ a }}{{ b }}",
  filter_block: "{% filter upper %}abc{% endfilter %}",
  ternary: "{{ 'a' if false }}|{{ 'a' if true else 'b' }}",
  default: "{{ x|default('d') }} {{ ''|default('d') }} {{ ''|default('d', true) }} {{ none|default('d') }}",
  undef_if: "{% if x %}a{% else %}b{% endif %}",
  is_defined:
    "{{ x is defined }} {{ x is none }} {{ none is none }} {{ 1 is number }} {{ 'a' is string }} {{ [1] is sequence }} {{ {} is mapping }}",
  is_num:
    "{{ 1 is integer }} {{ 1.0 is float }} {{ true is boolean }} {{ 3 is odd }} {{ 4 is divisibleby(2) }} {{ 1 is sameas(1) }}",
  in: "{{ 1 in [1,2] }} {{ 'a' not in 'abc' }} {{ 'k' in {'k':1} }}",
  and_or: "{{ 1 and 2 }} {{ 0 or 'x' }} {{ not [] }} {{ none or 3 }} {{ '' and 1 }}",
  compare:
    "{{ 1 < 2 }} {{ 1 == 1.0 }} {{ 'a' < 'b' }} {{ [1] == [1] }} {{ 1 < 2 < 3 }} {{ '1' == 1 }} {{ true == 1 }}",
  string_methods:
    "{{ 'aB'.upper() }} {{ 'aB'.lower() }} {{ ' a '.strip() }} {{ 'a,b'.split(',') }} {{ 'abc'.startswith('a') }} {{ 'ab'.endswith('b') }} {{ 'a b'.title() }} {{ 'ab'.capitalize() }}",
  string_methods2:
    "{{ 'xax'.strip('x') }} {{ 'xax'.lstrip('x') }} {{ 'abc'.find('c') }} {{ 'aaa'.count('a') }} {{ 'a'.isdigit() }} {{ ','.join(['a','b']) }} {{ 'a b c'.split() }} {{ 'a.b.c'.rsplit('.', 1) }}",
  string_methods3:
    "{{ 'a'.zfill(3) }} {{ 'a'.ljust(3) }}| {{ 'a'.rjust(3) }} {{ 'a=b'.partition('=') }} {{ 'aXb'.swapcase() }} {{ 'x'.center(3) }}",
  format: "{{ '%s-%d' % ('a', 3) }} {{ '%05.2f' % 3.14159 }}",
  format_filter: "{{ '%s-%s'|format('a', 1) }}",
  str_format: "{{ '{} {}'.format(1, 'b') }} {{ '{a:>5}'.format(a=3) }} {{ '{:02d}'.format(3) }}",
  concat_plus: "{{ 'a' + 'b' }} {{ [1] + [2] }}",
  mult: "{{ 'ab' * 2 }} {{ [0] * 3 }}",
  filters1:
    "{{ [3,1,2]|sort }} {{ [1,2]|sum }} {{ [1,2]|max }} {{ [1,2]|min }} {{ [1,2]|first }} {{ [1,2]|last }} {{ 'abc'|length }} {{ [1,1,2]|unique|list }}",
  filters2:
    "{{ 'a b'|title }} {{ 'abc'|capitalize }} {{ ' a '|trim }} {{ 'ABC'|lower }} {{ 'abc'|reverse }} {{ [1,2]|reverse|list }} {{ 'abc'|list }}",
  filters3:
    "{{ [1,2,3]|map('string')|join('-') }} {{ [{'a':1},{'a':2}]|map(attribute='a')|list }} {{ [1,2,3]|select('odd')|list }} {{ [1,2,3]|reject('odd')|list }} {{ [{'a':1,'b':false},{'a':2,'b':true}]|selectattr('b')|list }}",
  filters3b:
    "{{ [{'a':1},{'a':2}]|selectattr('a','equalto',2)|list }} {{ [{'a':1},{'a':2}]|rejectattr('a','eq',2)|map(attribute='a')|list }} {{ [1,2]|map('upper')|list }}",
  filters4:
    "{{ 3.7|int }} {{ '3'|int }} {{ '3.5'|float }} {{ 'x'|int }} {{ 3|float }} {{ 42|string }} {{ 3.14159|round(2) }} {{ 3.5|round }} {{ 2.5|round }} {{ -3|abs }}",
  filters5:
    "{{ [1,2,3,4,5]|batch(2)|list }} {{ [1,2,3]|slice(2)|list }} {{ [{'g':1,'v':'a'},{'g':1,'v':'b'}]|groupby('g') }}",
  sort_attr: "{{ [{'a':2},{'a':1}]|sort(attribute='a') }} {{ [1,3,2]|sort(reverse=true) }}",
  attr: "{% set d = {'a b': 1, 'c': 2} %}{{ d['a b'] }} {{ d.c }}",
  nested_get: "{% set d = {'a': {'b': [10, 20]}} %}{{ d.a.b[1] }}",
  zip: "{{ zip([1,2],['a','b']) | list }}",
  dict_fn: "{{ dict(a=1, b=2) }}",
  cycler: "{% set c = cycler('a','b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}",
  joiner: "{% set j = joiner(', ') %}{% for i in [1,2] %}{{ j() }}{{ i }}{% endfor %}",
  with: "{% with a = 1 %}{{ a }}{% endwith %}",
  scope_if: "{% if true %}{% set z = 4 %}{% endif %}{{ z }}",
  set_outer_for: "{% for i in [1] %}{% set y = 2 %}{% endfor %}{{ y is defined }}",
  elif: "{% if 1 > 2 %}a{% elif 2 > 1 %}b{% else %}c{% endif %}",
  unicode: "{{ 'é🎉' }} {{ 'é🎉'|length }} {{ 'É'|lower }} {{ ['é'] }}",
  escape: "{{ 'a\\'b' }} {{ \"a\\tb\" }} {{ 'a\\\\b' }}",
  num_underscore: "{{ 1_000 }} {{ 0x10 }} {{ 1e3 }} {{ 1.5e-7 }}",
  neg: "{{ -1 }} {{ -(2) }} {{ +3 }} {{ 2 - -1 }} {{ -2 ** 2 }}",
  str_mul_int: "{{ '=' * 3 }}",
  list_methods: "{% set l=[3,1] %}{{ l.index(1) }} {{ l.count(3) }} {{ l.pop() }} {{ l }}",
  list_extend:
    "{% set l=[3,1] %}{% do l.extend([9]) %}{% do l.insert(0, 7) %}{{ l }} {% do l.sort() %}{{ l }}",
  filter_chain_prec: "{{ 1 + 2|float }} {{ -1|abs }} {{ 'a' ~ 'b'|upper }}",
  is_not: "{{ 1 is not none }} {{ not 1 is none }}",
  test_in: "{{ 1 is in [1] }} {{ 'a' is upper }} {{ 'a' is lower }} {{ 2 is gt(1) }} {{ 2 is even }}",
  call_star: "{% set l=[1,2] %}{{ call_star_m(*l) }}{{ call_star_m(**{'a':3,'b':4}) }}",
  inline_cond_nested: "{{ 'a' if 1 == 2 else 'b' if 1 == 1 else 'c' }}",
  loop_unpack: "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
  loop_str: "{% for c in 'abc' %}{{ c }}.{% endfor %}",
  loop_outer:
    "{% for a in [1,2] %}{% set outer = loop %}{% for b in [1,2] %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}",
  loop_depth: "{% for a in [1] %}{{ loop.depth }}{% endfor %}",
  str_escape_pct: "{{ '100%' }} {{ '50%% off' }}",
  multiline_expr: "{{ [\n 1,\n 2,\n] | join(',') }}",
  dict_trailing: "{{ {'a': 1,} }} {{ {1: 2} }}",
  line_comment: "-- {{ 1 }}\n/* {{ 2 }} */",
  none_concat: "{{ none ~ '' }}",
  bool_arith: "{{ true + 1 }} {{ 3 * true }}",
  float_str: "{{ 0.1 + 0.2 }} {{ 1e16 }} {{ 1e15 }} {{ 123456789.0 }} {{ 1e-5 }}",
  int_div_neg: "{{ (-7)|abs }} {{ 7 // -2 }} {{ 7.0 // 2 }} {{ 7.5 % 2 }}",
  str_cmp_num: "{{ 'a' == 1 }} {{ none == false }} {{ [] == none }}",
  list_in_str: "{{ \"'\" ~ ['a','b']|join(\"','\") ~ \"'\" }}",
  as_text: "{{ '1' | as_text }} {{ 'true' | as_bool }} {{ '1' | as_number }} {{ 'x' | as_native }}",
  nested_quotes: "{{ \"a'b\" }} {{ 'a\"b' }}",
  sum_attr: "{{ [{'a':1},{'a':2}]|sum(attribute='a') }}",
  map_default: "{{ [{'a':1},{}]|map(attribute='a', default=0)|list }}",
  range_print: "{{ range(3) }}",
  gen_print: "{{ ([1,2]|map('string')) is string }}",
  items_print: "{{ {'a':1}.items() }} {{ {'a':1}.keys() }}",
  str_in_none: "{{ 'x' in [none, 'x'] }}",
  ws_plus: "  {%+ if true %}x{% endif %}",
  ws_trim_nl: "a\n\n  {%- set x = 1 %}\nb",
  loop_set_ns_list:
    "{% set ns = namespace(l=[]) %}{% for i in [1,2] %}{% set ns.l = ns.l + [i] %}{% endfor %}{{ ns.l }}",
  int_bool_print: "{{ 1 == 1 }}|{{ (1 == 1)|string }}|{{ (1==1)|lower }}|{{ none|string }}|{{ true|upper }}",
  title_sql: '{{ "it\'s o\'neil"|title }} {{ "it\'s".title() }}',
  upper_none: "{{ none|upper }}",
  length_dict: "{{ {'a':1,'b':2}|length }} {{ {'a':1}|list }} {{ {'a':1}|first }}",
  last_str: "{{ 'abc'|first }} {{ 'abc'|last }}",
  abs_round:
    "{{ 1234.5678|round(1) }} {{ 1234|round(-2) }} {{ 3.14159|round(2,'floor') }} {{ 42.5|round|int }}",
  int_default: "{{ 'x'|int(5) }} {{ '0x1A'|int(base=16) }} {{ none|int }} {{ true|int }} {{ '7.9'|int }}",
  trim_chars: "{{ 'xxaxx'|trim('x') }}",
  unique_case: "{{ ['a','A']|unique|list }}",
  min_str: "{{ ['b','A']|min }} {{ ['a','B']|max }}",
  sort_mixed: "{{ ['10','9']|sort }}",
  replace_num: "{{ 5|replace('5','6') }} {{ 'aaa'|replace('a','b',2) }}",
  splitlines: "{{ 'a\nb'.splitlines() }}",
  format_filter_kw: "{{ '%(a)s'|format(a=1) }}",
  bool_str_cmp: "{{ 'True' == true|string }}",
  dict_mutation_in_loop: "{% set d = {} %}{% for i in [1,2] %}{% do d.update({i: i}) %}{% endfor %}{{ d }}",
  dict_set_default: "{% set d = {} %}{{ d.setdefault('a', 1) }}{{ d }}",
  dict_pop: "{% set d = {'a':1} %}{{ d.pop('a') }}{{ d }}",
  loop_scope_after: "{% set i = 9 %}{% for i in [1] %}{% endfor %}{{ i }}",
  ne: "{{ 1 != 2 }} {{ not (1 == 1) }}",
  long_str: "{{ 'a' 'b' }}",
  slice_step: "{{ [1,2,3,4,5][::2] }} {{ 'abc'[:-1] }} {{ [1,2,3][5:] }}",
  star_range: "{{ range(3)|map('string')|list }}",
  is_iterable:
    "{{ 'a' is iterable }} {{ 1 is iterable }} {{ [] is iterable }} {{ 'a' is sequence }} {{ 1 is callable }}",
  test_true: "{{ true is true }} {{ 1 is true }} {{ false is false }}",
  title_and_trim:
    "{{ \"it's o'neil-smith (abc)\" | title }} [{{ '  a b ' | trim }}] {{ 'xxaxx' | trim('x') }}",
  filters_text:
    "{{ 'a\\nb' | indent(2) }} {{ 'abc def' | wordcount }} {{ 'abcdef ghijkl mnop' | truncate(9) }}",
  filters_json: "{{ {'b': 1, 'a': ['x', none, true, 1.5]} | tojson }} {{ {'a': 1} | items | list }}",
  dbt_json:
    "{{ tojson({'b': [1, 'x'], 'a': none}) }} {{ fromjson('{\"a\": 1}')['a'] }} {{ fromyaml('a: [1, 2]')['a'] }}",
  dbt_var:
    "{{ var('none_such', 3) }} {{ var('none_such', none) }} {{ var('none_such', []) }} {{ var('limit') + 1 }} {{ var('names') | join('-') }} {{ var.has_var('limit') }} {{ var('ratio') }} {{ var('nested').deep[0] }}",
  dbt_env: "{{ env_var('SHOPFLOW_NO_SUCH', 'fallback') }}",
  dbt_context:
    "{% if execute %}run{% endif %} {{ target.type }} {{ target.schema }} {{ this.name }} {{ this.identifier }} {{ project_name }} {{ flags.FULL_REFRESH }} {{ model.name }} {{ is_incremental() }} {{ adapter.quote('a b') }}",
  dbt_log:
    "{{ log('x') }}|{% do log('x', info=false) %}|{{ return_list() | length }} {{ return_list()[1] }} {{ return_dict().a }} {{ early_return(1) }} {{ early_return(5) }}",
  dbt_config:
    "{{ config(materialized='table', tags=['a']) }}{{ config.get('materialized') }} {{ config.get('none_such', 7) }} {{ config.get('none_such') }}",
  dbt_types:
    "{{ dbt.type_string() }} {{ dbt.type_int() }} {{ dbt.type_bigint() }} {{ dbt.type_float() }} {{ dbt.type_boolean() }} {{ dbt.type_timestamp() }} {{ dbt.type_numeric() }} {{ type_string() }}",
  dbt_functions:
    "{{ dbt.hash('a') }} {{ dbt.concat(['a', 'b']) }} {{ dbt.date_trunc('day', 'd') }} {{ dbt.string_literal('a') }} {{ dbt.safe_cast('a', 'int') }} {{ dbt.escape_single_quotes(\"it's\") }} {{ dbt.date(2024, 1, 2) }} {{ dbt.except() }} {{ dbt.bool_or('a') }}",
  dbt_dateadd:
    "{{ dbt.dateadd('day', 1, 'd') }} {{ dbt.dateadd('QUARTER', -1, 'd') }} {{ dbt.dateadd('week', 'n', 'd') }} {{ dbt.datediff('a', 'b', 'month') }} {{ dbt.listagg('a', \"'|'\", 'order by a') }} {{ dbt.last_day('d', 'month') }} {{ dbt.split_part('a', \"'-'\", 2) }}",
  dbt_dispatch:
    "{{ adapter.dispatch('shape', 'constructs')(1) }} {{ adapter.dispatch('size')(2) }} {{ constructs.return_list()[0] }}",
  macro_mutates: "{% set l = [] %}{{ add_two(l) }}{{ l }}{% set d = {} %}{% do fill(d) %}{{ d }}",
  macro_namespace: "{% set ns = namespace(n=1) %}{{ raise_it(ns) }}{{ ns.n }}",
  macro_kwargs_list: "{{ options(1, 2, z=3, y=4) }} {{ options(a=1) }}",
  macro_calls_macro:
    "{{ outer_macro('x') }} {% call wrapped('div') %}in {{ 1 + 1 }}{% endcall %} {% call(a, b) pairs() %}{{ a }}/{{ b }};{% endcall %}",
  macro_default_from_argument: "{{ defaulted('q') }} {{ defaulted('q', 'r') }}",
  macro_whitespace: "[{{ spaced() }}] [{{ trimmed() }}]",
  set_from_block_in_loop: "{% for i in [1, 2] %}{% set t %}<{{ i }}>{% endset %}{{ t }}{% endfor %}",
  loop_beside:
    "{% for i in [1, 2, 3] %}{{ loop.previtem if not loop.first }}{{ loop.nextitem if not loop.last }} {% endfor %}",
  loop_over_dict_list:
    "{% set cols = [{'n': 'a', 't': 'int'}, {'n': 'b', 't': 'text'}] %}{% for c in cols %}cast({{ c.n }} as {{ c['t'] }}){{ ', ' if not loop.last }}{% endfor %}",
  pivot:
    "{% set kinds = ['card', 'cash'] %}select id{% for kind in kinds %}, sum(case when kind = '{{ kind }}' then amount end) as {{ kind }}_amount{% endfor %} from t",
  union_all:
    "{% for y in range(2020, 2023) %}select {{ y }} as y{% if not loop.last %} union all {% endif %}{% endfor %}",
  filter_on_empty_list:
    "select * from t{% set only = [] %}{% if only %} where id in ({{ only | join(', ') }}){% endif %}",
  format_numbers:
    "{{ '{:,}'.format(1234567) }} {{ '{:.2f}'.format(3.14159) }} {{ '%05d' % 42 }} {{ '{0}-{1}-{0}'.format('a', 'b') }}",
  group_by:
    "{% for key, rows in [{'g': 'b', 'v': 1}, {'g': 'a', 'v': 2}, {'g': 'b', 'v': 3}] | groupby('g') %}{{ key }}:{{ rows | map(attribute='v') | join('+') }} {% endfor %}",
  group_by_names:
    "{% for group in [{'g': 1, 'v': 2}] | groupby('g') %}{{ group.grouper }} {{ group.list | length }}{% endfor %}",
  sort_and_unique:
    "{{ ['b', 'A', 'a', 'B'] | sort | join }} {{ ['b', 'A', 'a'] | unique | join }} {{ [{'n': 2, 'm': 'x'}, {'n': 1, 'm': 'y'}] | sort(attribute='n') | map(attribute='m') | join }}",
  generator_once: "{% set up = ['a', 'b'] | map('upper') %}{{ up | join }}{{ up | join }}|",
  sets:
    "{{ set([1, 1, 2]) | list | length }} {{ 1 in set([1, 2]) }} {{ ['b', 'a', 'b'] | unique | sort | list }}",
  zips: "{% for a, b in zip(['x', 'y'], [1, 2]) %}{{ a }}{{ b }} {% endfor %}",
  big_numbers: "{{ 9007199254740993 }} {{ 2 ** 64 }} {{ 9223372036854775807 + 1 }}",
  lines: "a\n{% if true %}\nb\n{% endif %}\n{%- set x = 1 %}\nc {#- gone -#} d\n{{ x }}\n",
  raw_block: "{% raw %}{{ not rendered }}{% endraw %} {%- raw -%} {% x %} {%- endraw -%} end",
  exceptions: "{% if false %}{{ exceptions.raise_compiler_error('no') }}{% endif %}fine",
  strings_in_jinja: "{{ \"a\" 'b' }} {{ 'tab\\tend' }} {{ 'a\\\\d' }} {{ 'quote''s' }}",
  tests_of_types:
    "{{ 1 is number }} {{ '1' is number }} {{ true is integer }} {{ true is number }} {{ [] is iterable }} {{ 'a' is sequence }} {{ {} is mapping }} {{ none is none }} {{ nothing is defined }} {{ nothing is none }}",
  chained_default:
    "{{ nothing | default('a') }} {{ (none or 'b') }} {{ none | default('c', true) }} {{ {}.x | default('d') }}",
  numbers_from_text:
    "{{ '12' | int + 1 }} {{ '1.5' | float * 2 }} {{ 7 / 2 }} {{ 7 // 2 }} {{ (7 / 2) | int }} {{ 10 | string ~ '%' }}",
  list_grows_in_loop:
    "{% set l = [1] %}{% for x in l %}{{ x }}{% if x < 5 %}{% do l.append(x + 1) %}{% endif %}{% endfor %}{{ l }}",
  list_shrinks_in_loop:
    "{% set l = [1, 2, 3, 4] %}{% for x in l %}{{ x }}{% do l.remove(x) %}{% endfor %}{{ l }}",
  loop_length_once:
    "{% set l = [1, 2] %}{% for x in l %}{{ loop.length }}{% if loop.first %}{% do l.append(3) %}{% endif %}{% endfor %}",
  loop_else_after_break: "{% for i in [1] %}{% break %}{% else %}e{% endfor %}",
  loop_else_after_continue: "{% for i in [1] %}{% continue %}{% else %}e{% endfor %}",
  loop_else_after_turn:
    "{% for i in [1, 2] %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% else %}e{% endfor %}",
  break_in_else:
    "{% for o in [1, 2] %}{% for i in [] %}{% else %}{% break %}{% endfor %}{{ o }}{% endfor %}|",
  none_is_an_item:
    "{{ [none] | first }} {{ [none] | last }} {% for i in [none, 1] %}{{ loop.previtem is defined }}{% endfor %}",
  none_is_a_value: "{{ {'a': none}.get('a', 2) }} {{ {'a': none}.pop('a') }} {{ {'a': none}.pop('a', 1) }}",
  round_halves:
    "{{ 1.15 | round(1) }} {{ 0.125 | round(2) }} {{ 2.675 | round(2) }} {{ 25 | round(-1) }} {{ 26.5 | round(-1) }} {{ 1e22 | round(2) }}",
  format_halves:
    "{{ '%.1f' % 0.25 }} {{ '%.0f' % 2.5 }} {{ '%.2f' % -0.001 }} {{ '%f' % 1e22 }} {{ '{:.2f}'.format(0.125) }} {{ '{:.1%}'.format(0.125) }}",
  format_bool: "{{ '{:5}|{}'.format(true, true) }}",
  float_specials: "{{ 'inf' | float }} {{ '-Infinity' | float }} {{ 'nan' | float }}",
  int_bases:
    "{{ '0xFFFFFFFFFFFFFFFF' | int(base=16) }} {{ '0b11' | int(base=16) }} {{ '0b11' | int(base=0) }} {{ '-0x1f' | int(0, 16) }} {{ '010' | int(base=0) }}",
  floor_division: "{{ 1 // 0.1 }} {{ 0.3 // 0.1 }} {{ -1 // 0.1 }} {{ 5.5 // -2 }}",
  title_case: "{{ 'ß'.capitalize() }} {{ 'ß' | title }} {{ 'ǆ'.title() }}",
  nothing_often: "[{{ '' * 99999999999 }}] {{ [] * 99999999999 }}",
};

/** What dbt renders, perhaps as nothing or in another way each time, and our runner refuses with these words. */

export const REFUSED: Record<string, [template: string, message: string]> = {
  undefined_name: ["[{{ nothing }}]", "nothing is undefined"],
  undefined_attribute: ["{{ {'a': 1}.b }}|", "a dict has no b"],
  no_such_item: ["{{ [1][5] }}|", "a list has no item 5"],
  attribute_of_none: ["{{ none.x }}|", "a None has no x"],
  loop_over_undefined: ["{% for x in nothing %}{{ x }}{% endfor %}", "nothing is undefined"],
  escape: ["{{ '<a>' | e }}", "the filter e is not supported"],
  random: ["{{ [1] | random }}", "the filter random is not supported"],
  pprint: ["{{ 'x' | pprint }}", "the filter pprint is not supported"],
  block: ["{% block a %}x{% endblock %}", "{% block %} is not supported"],
  modules: ["{{ modules.re.sub('a', 'b', 'aaa') }}", "modules is not supported here"],
  started_at: ["{{ run_started_at.strftime('%Y') }}", "run_started_at is not supported here"],
  invocation: ["{{ invocation_id }}", "invocation_id is not supported here"],
  invocation_is_defined: ["{{ invocation_id is defined }}", "invocation_id is not supported here"],
  run_query: ["{% set r = run_query('select 1') %}x", "run_query is not supported here"],
  graph: ["{{ graph.nodes | length }}", "graph is not supported here"],
  columns: [
    "{{ adapter.get_columns_in_relation(this) | length }}",
    "adapter.get_columns_in_relation is not supported",
  ],
  target_name: ["{{ target.path }}", "target.path is not supported here"],
  strptime: ["{{ 'a'.encode('utf8') | length }}", "a str has no encode"],
  set_printed: ["{{ set([1]) }}", "a set is printed"],
  generator_printed: [
    "{{ ['a'] | map('upper') is defined }}{{ (['a'] | map('upper')) ~ '' }}",
    "write `| list`",
  ],
  batch_of_nothing: ["{{ [1, 2] | batch(0) | list }}", "batch takes a number of at least 1"],
  batch_backwards: ["{{ [1, 2] | batch(-1) | list }}", "batch takes a number of at least 1"],
  slices_of_nothing: ["{{ [1, 2] | slice(0) | list }}", "slice takes a number of at least 1"],
  endless_loop: ["{% set l = [1] %}{% for x in l %}{% do l.append(x) %}{% endfor %}", "it may never end"],
  endless_text: [
    "{% set ns = namespace(t='x') %}{% for i in range(99) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}",
    "a value is too large",
  ],
  endless_list: [
    "{% set l = [1] %}{% for i in range(99) %}{% do l.extend(l) %}{% endfor %}",
    "at most 10000000 are allowed",
  ],
  repeated_list: ["{{ [0] * 9999999999 }}", "at most 10000000 are allowed"],
  repeated_text: ["{{ 'ab' * 9999999999 }}", "at most 10000000 are allowed"],
  huge_power: ["{{ 10 ** 1000000000 }}", "10 ** 1000000000 is too large"],
  too_many_places: ["{{ '%.200f' % 1 }}", "200 decimal places are more than 100"],
  dictionary_grows_in_loop: [
    "{% set d = {'a': 1} %}{% for k in d %}{% do d.update({'b': 2}) %}{% endfor %}",
    "a dict changes its size while a loop goes through it",
  ],
  places_of_keys: ["{{ {'a': 1}.keys()[0] }}", "a view has no 0"],
  part_of_range: ["{{ range(5)[1:3] }}", "write `| list` behind it"],
  lone_percent: ["{{ \"like '%' || %s\" % 'x' }}", "is written %%"],
  text_as_number: ["{{ '{:f}'.format('a') }}", "a str cannot have the format f"],
  float_as_int: ["{{ '{:d}'.format(3.5) }}", "a float cannot have the format d"],
  sum_of_texts: ["{{ ['a'] | sum(start='') }}", "write `| join`"],
  pop_beyond: ["{{ [1, 2].pop(-5) }}", "beyond its end"],
  zero_to_negative: ["{{ 0 ** -1 }}", "division by zero"],
  root_of_negative: ["{{ (-8) ** 0.5 }}", "is no real number"],
  float_overflow: ["{{ 10 ** 400 / 3 }}", "too large for a float"],
  truncate_short: ["{{ 'abcdef' | truncate(2) }}", "at least 3"],
  character_by_name: ["{{ '\\N{BULLET}' }}", "write the character"],
};
