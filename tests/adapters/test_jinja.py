"""Templates: attacks are seen in each spelling, what tokenizers ship is quiet."""

from __future__ import annotations

import pytest

from gate.adapters.jinja import SIZE, judge
from gate.core.errors import FormatError, NotExamined
from gate.core.gap import GapReason

ESCAPES = {
    "attribute": "{{ ''.__class__.__mro__ }}",
    "subscript": "{{ cycler['__init__'] }}",
    "globals of a function": "{{ lipsum.__globals__['os'].popen('true') }}",
    "escapes": r"{{ x['\x5f\x5fclass\x5f\x5f'] }}",
    "unicode escapes": r"{{ x['\u005f\u005fclass__'] }}",
    "concatenation": "{{ ''['__cla' ~ 'ss__'] }}",
    "addition": "{{ ''['__cla' + 'ss__'] }}",
    "a variable": "{% set a = '__cla' %}{% set b = a ~ 'ss__' %}{{ ''[b] }}",
    "a namespace": "{% set ns = namespace() %}{% set ns.a = '__class__' %}{{ ''[ns.a] }}",
    "one of two": "{% set a = 'x' if y else '__class__' %}{{ m['__class__' if y else 'b'] }}",
    "a list that is joined": "{{ ''[['__', 'class', '__'] | join] }}",
    "a method that joins": "{{ ''['ss'.join(['__cla', '__'])] }}",
    "reversed": "{{ ''['__ssalc__' | reverse] }}",
    "a slice": "{{ ''['__ssalc__'[::-1]] }}",
    "replaced": "{{ ''['xxclassxx' | replace('x', '_')] }}",
    "lower": "{{ ''['__CLASS__' | lower] }}",
    "filter attr": "{{ x | attr('__class__') }}",
    "filter attr of a sum": "{{ x | attr('__cla' ~ 'ss__') }}",
    "filter map": "{{ [x] | map(attribute='__class__') | list }}",
    "filter map of attr": "{{ [x] | map('attr', '__class__') | list }}",
    "a dotted attribute": "{{ [x] | map(attribute='a.__class__') | list }}",
    "filter selectattr": "{{ [x] | selectattr('__class__') | list }}",
    "filter groupby": "{{ [x] | groupby('__class__') }}",
    "a format string": "{{ '{0.__class__}'.format(x) }}",
    "a format string with subscripts": "{{ '{a[b].__class__}'.format(a=x) }}",
    "the engine's own": "{{ self._TemplateReference__context }}",
    "a frame": "{{ g.gi_frame.f_globals }}",
    "in a condition": "{% if x.__class__ %}a{% endif %}",
    "in a macro": "{% macro m(a) %}{{ a.__init__ }}{% endmacro %}",
    "in a loop": "{% for a in b.__class__.__subclasses__() %}{{ a }}{% endfor %}",
    "in a block of transformers": "{% generation %}{{ a.__init__ }}{% endgeneration %}",
}
DOUBTS = {
    "a name from pieces": "{% for c in 'ssalc' %}{% set a = c ~ b %}{% endfor %}{{ x[b ~ a] }}",
    "attr of a variable": "{{ x | attr(y) }}",
    "map of a built name": "{{ x | map(attribute=y ~ z) }}",
    "format of characters": "{{ x['%c%c' | format(95, 95)] }}",
    "a percent format": "{{ x['%sclass%s' % ('a', 'b')] }}",
    "another template": "{% include 'other' %}",
    "a mention": "{% set a = ['__class__'] %}",
    "a private name": "{{ x._secret }}",
    "loops without end": "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
}
QUIET = {
    "plain text": "Hello",
    "chatml": "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "indices": "{% if messages[0]['role'] == 'system' %}{% set messages = messages[1:] %}{% endif %}"
    "{{ messages[loop.index0 + 1] }}{{ messages[-1]['content'].split('</think>')[-1].lstrip('\n') }}",
    "namespaces": "{%- set ns = namespace(found=false, last=messages|length - 1) %}{%- set ns.found = true %}"
    "{{ messages[ns.last].content | trim }}",
    "filters": "{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | join('\n') }}"
    "{{ tools | tojson(indent=4) }}{{ x | sort(attribute='name') }}",
    "macros": "{% macro render(content, n) %}{% if content is string %}{{ content }}{% else %}{% for item in content %}"
    "{% if 'image' in item or item.type == 'image' %}<image>{% endif %}{% endfor %}{% endif %}{% endmacro %}"
    "{{ render(messages[0].content, 1) }}",
    "errors": "{{ raise_exception('Roles must alternate ' ~ messages[0]['role']) }}",
    "times": "{{ strftime_now('%d %b %Y') if strftime_now is defined else '26 Jul 2024' }}",
    "arguments": "{% for key, value in tool_call.arguments | items %}{{ key ~ '=' ~ value }}{% endfor %}"
    "{% for name in params.properties %}{{ params.properties[name].description }}{% endfor %}",
    "loop controls": "{% for m in messages %}{% if loop.first %}{% continue %}{% endif %}{% break %}{% endfor %}",
    "generation": "{% generation %}{{ message.content }}{% endgeneration %}",
    "string methods": "{{ message.content.startswith('<tool') and not message.content.endswith('</tool>') }}",
    "format of numbers": "{{ '{:.2f} {name}'.format(3.0, name=message.role) }}",
    "text that mentions a name": "Use __init__ and __class__ in Python.",
}


@pytest.mark.parametrize("name", ESCAPES)
def test_a_way_to_the_interpreter_is_seen_in_every_spelling(name: str) -> None:
    assert "template-escape" in {concern.rule for concern in judge(ESCAPES[name])}


@pytest.mark.parametrize("name", DOUBTS)
def test_what_nobody_can_read_in_the_template_is_a_doubt(name: str) -> None:
    assert {concern.rule for concern in judge(DOUBTS[name])} == {"template-unverified"}


@pytest.mark.parametrize("name", QUIET)
def test_what_tokenizers_ship_is_quiet(name: str) -> None:
    assert judge(QUIET[name]) == ()


def test_each_thing_is_said_once_with_its_first_line() -> None:
    (concern,) = judge("a\n{{ x.__class__ }}\n{{ y.__class__ }}")
    assert (concern.by, concern.line) == ("__class__", 2)


@pytest.mark.parametrize("text", ["{% if %}", "{{ 'a' ", "{% nothing %}", "{{ " + "9" * 10_000 + " }}"])
def test_a_broken_template_is_no_clean_one(text: str) -> None:
    with pytest.raises(FormatError):
        judge(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{{ " + "(" * 10_000 + ")" * 10_000 + " }}", GapReason.TOO_DEEP),
        ("{{ x['a'" + " + a" * 30_000 + "] }}", GapReason.TOO_DEEP),
        ("a" * (SIZE + 1), GapReason.TOO_LARGE),
    ],
    ids=["brackets", "a long sum as a name", "large"],
)
def test_what_is_too_much_is_said_to_be(text: str, reason: GapReason) -> None:
    with pytest.raises(NotExamined) as raised:
        judge(text)
    assert raised.value.reason is reason


def test_nothing_is_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise AssertionError("a template was compiled")

    monkeypatch.setattr("jinja2.environment.Environment._compile", forbidden)
    monkeypatch.setattr("jinja2.environment.Environment._generate", forbidden)
    assert judge("{{ lipsum.__globals__ }}")
