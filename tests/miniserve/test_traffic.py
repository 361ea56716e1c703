"""The router: golden vectors, laws of the strategies, and what a configuration refuses."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from miniserve.traffic import RouteConfig, RouteConfigError, Strategy, assign, unit_hash

A, B = "a" * 64, "b" * 64
SHADOW = RouteConfig(Strategy.SHADOW, "prod-2026-05", {"A": A, "B": B}, "A", "B")
IDS = st.text(min_size=1, max_size=128)

# design, section 4: salt, id, H("assign") in hex, mod 2, mod 10000, H("shadow") mod 10000
GOLDEN = [
    ("prod-2026-05", "req-0001", "285d79ef7ec594b3", 1, 963, 6577),
    ("prod-2026-05", "req-0002", "5473843dde223338", 0, 6840, 2411),
    ("prod-2026-05", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "9f12a62e8779a723", 1, 6867, 1007),
    ("prod-2026-05", "señorita-ñ", "fc350f158fc9b6e1", 1, 5937, 4229),
    ("staging", "req-0001", "eaf38b1bd5ed8b0e", 0, 8926, 7593),
]


@pytest.mark.parametrize(("salt", "request_id", "assign_hex", "mod_2", "mod_10000", "shadow_mod"), GOLDEN)
def test_the_unit_hash_gives_the_golden_vectors(
    salt: str, request_id: str, assign_hex: str, mod_2: int, mod_10000: int, shadow_mod: int
) -> None:
    hashed = unit_hash("assign", salt, request_id)

    assert f"{hashed:016x}" == assign_hex
    assert (hashed % 2, hashed % 10_000) == (mod_2, mod_10000)
    assert unit_hash("shadow", salt, request_id) % 10_000 == shadow_mod


def test_the_length_prefix_keeps_shifted_strings_apart() -> None:
    assert unit_hash("assign", "a", "bc") != unit_hash("assign", "ab", "c")


@given(request_id=IDS)
def test_single_serves_the_production_arm_and_shadows_nothing(request_id: str) -> None:
    assignment = assign(request_id, replace(SHADOW, strategy=Strategy.SINGLE))

    assert (assignment.production_arm, assignment.shadow_arm) == ("A", None)


@given(request_id=IDS)
def test_shadow_at_100_percent_shadows_every_request(request_id: str) -> None:
    assignment = assign(request_id, SHADOW)

    assert (assignment.production_arm, assignment.shadow_arm) == ("A", "B")


@given(request_id=IDS)
def test_shadow_at_0_percent_shadows_none(request_id: str) -> None:
    assert assign(request_id, replace(SHADOW, shadow_percent=0)).shadow_arm is None


@pytest.mark.parametrize(("mod", "percent", "shadowed"), [(2411, 24.11, False), (2411, 24.12, True)])
def test_the_shadowed_share_is_counted_in_hundredths(mod: int, percent: float, shadowed: bool) -> None:
    request_id = "req-0002"
    assert unit_hash("shadow", SHADOW.salt, request_id) % 10_000 == mod

    assignment = assign(request_id, replace(SHADOW, shadow_percent=percent))

    assert (assignment.shadow_arm == "B") is shadowed


@given(request_id=IDS)
def test_the_same_id_gets_the_same_arm_within_a_salt_epoch(request_id: str) -> None:
    config = replace(SHADOW, strategy=Strategy.AB)

    assert assign(request_id, config) == assign(request_id, config)


def test_ab_splits_two_arms_by_hash_mod_2() -> None:
    config = replace(SHADOW, strategy=Strategy.AB)

    assert [assign(request_id, config).production_arm for request_id in ("req-0001", "req-0002")] == ["B", "A"]


def test_ab_ignores_the_order_in_which_arms_are_written() -> None:
    config = replace(SHADOW, strategy=Strategy.AB)
    turned = replace(config, arms={"B": B, "A": A})

    ids = [f"req-{number}" for number in range(200)]

    assert [assign(i, config).production_arm for i in ids] == [assign(i, turned).production_arm for i in ids]


def test_ab_splits_evenly() -> None:
    config = replace(SHADOW, strategy=Strategy.AB)
    to_b = sum(assign(f"req-{number}", config).production_arm == "B" for number in range(10_000))

    # fixed ids, so this cannot flake; a fair split fails the bound once in a thousand salts
    assert stats.binomtest(to_b, 10_000).pvalue > 0.001


@given(request_id=IDS, lower=st.floats(0, 100), higher=st.floats(0, 100))
def test_raising_the_canary_percentage_moves_no_id_back(request_id: str, lower: float, higher: float) -> None:
    lower, higher = sorted((lower, higher))
    config = replace(SHADOW, strategy=Strategy.CANARY)

    before = assign(request_id, replace(config, canary_percent=lower)).production_arm
    after = assign(request_id, replace(config, canary_percent=higher)).production_arm

    assert (before, after) != ("B", "A")


@pytest.mark.parametrize("strategy", Strategy)
@given(request_id=IDS)
def test_every_strategy_assigns_only_the_arms_that_it_declares(strategy: Strategy, request_id: str) -> None:
    config = replace(SHADOW, strategy=strategy, canary_percent=50)

    assignment = assign(request_id, config)

    assert assignment.production_arm in config.serving_arms
    assert assignment.shadow_arm in (None, config.shadowing_arm)
    assert set(config.shares) >= set(config.serving_arms)


def test_a_salt_epoch_reshuffles_the_assignment() -> None:
    config = replace(SHADOW, strategy=Strategy.AB)
    other = replace(config, salt="prod-2026-06")
    ids = [f"req-{number}" for number in range(1000)]

    moved = sum(assign(i, config).production_arm != assign(i, other).production_arm for i in ids)

    assert 400 < moved < 600


def test_defaults_percentages_and_key_order_do_not_change_the_config_sha() -> None:
    terse = {"strategy": "shadow", "salt": "s", "arms": {"A": A, "B": B}, "production_arm": "A", "shadow_arm": "B"}
    full = {"canary_percent": 0.0, "shadow_percent": 100.0, "schema": 1, **dict(reversed(terse.items()))}

    assert RouteConfig.parse(json.dumps(terse)).config_sha == RouteConfig.parse(json.dumps(full)).config_sha


def test_the_config_sha_is_pinned() -> None:
    # sha256 of {"arms":{"A":"aa..","B":"bb.."},"canary_percent":0,...,"shadow_percent":10000,"strategy":"shadow"}
    assert SHADOW.config_sha == "56cd3fb89865fd3a6d81b6f17e5abab7e613d7f637799731cc867da472b0b58e"


@pytest.mark.parametrize(
    "change",
    [
        {"salt": "other"},
        {"shadow_percent": 99.99},
        {"strategy": "ab"},
        {"arms": {"A": A, "B": A}},
        {"canary_percent": 1},
    ],
)
def test_every_change_of_routing_changes_the_config_sha(change: dict[str, object]) -> None:
    assert RouteConfig.parse(json.dumps({**SHADOW.as_json(), **change})).config_sha != SHADOW.config_sha


def test_two_arms_may_share_a_sha() -> None:
    assert replace(SHADOW, arms={"A": A, "B": A}).arms == {"A": A, "B": A}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"strategy": "shadw"}, "unknown strategy 'shadw': expected single, shadow, ab, canary"),
        ({"stratgy": "ab"}, "unknown key 'stratgy'"),
        ({"schema": 2}, "schema is 2: expected 1"),
        ({"schema": True}, "schema is True: expected 1"),
        ({"salt": ""}, "salt is '': expected a non-empty string"),
        ({"salt": 5}, "salt is 5: expected a non-empty string"),
        ({"salt": "\ud800"}, "expected text without lone surrogates"),
        ({"arms": {}}, "arms is {}: expected an object"),
        ({"arms": {"A": A[:-1], "B": B}}, "arms.A is 'aaa"),
        ({"arms": {"A": A.upper(), "B": B}}, "expected 64 lower-case hexadecimal digits"),
        ({"arms": {"A": {"url": "x"}, "B": B}}, "arms.A is an object: not supported yet"),
        ({"arms": {"A": A, "shadow_A": B}}, "unknown arm name 'shadow_A'"),
        ({"production_arm": "C"}, "production_arm is 'C': expected one of the arms A, B"),
        ({"production_arm": None}, "production_arm is None: expected one of the arms A, B"),
        ({"shadow_arm": "C"}, "shadow_arm is 'C': expected one of the arms A, B"),
        ({"shadow_arm": "A"}, "shadow_arm is 'A', the production arm"),
        ({"shadow_arm": None}, "shadow_arm is missing: strategy 'shadow' needs it"),
        ({"strategy": "canary", "shadow_arm": None}, "shadow_arm is missing: strategy 'canary' needs it"),
        ({"strategy": "ab", "arms": {"A": A}, "shadow_arm": None}, "arms has 1 arm: strategy 'ab' needs at least 2"),
        ({"shadow_percent": 101}, "shadow_percent is 101: expected a number from 0 to 100"),
        ({"shadow_percent": float("nan")}, "shadow_percent is nan: expected a number from 0 to 100"),
        ({"canary_percent": -0.1}, "canary_percent is -0.1: expected a number from 0 to 100"),
        ({"canary_percent": True}, "canary_percent is True: expected a number from 0 to 100"),
        ({"canary_percent": "5"}, "canary_percent is '5': expected a number from 0 to 100"),
    ],
)
def test_an_unusable_configuration_is_refused_with_key_value_and_expectation(
    change: dict[str, object], sentence: str
) -> None:
    text = json.dumps({**SHADOW.as_json(), **change})

    with pytest.raises(RouteConfigError) as refusal:
        RouteConfig.parse(text)

    assert sentence in str(refusal.value)


@pytest.mark.parametrize("key", ["strategy", "salt", "arms", "production_arm"])
def test_a_missing_key_is_named(key: str) -> None:
    partial = {name: value for name, value in SHADOW.as_json().items() if name != key}

    with pytest.raises(RouteConfigError, match=f"{key} is missing"):
        RouteConfig.parse(json.dumps(partial))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"salt": 1, "salt": 2}', b"\xff", "[" * 100_000])
def test_anything_but_a_json_object_with_unique_keys_is_refused(text: str | bytes) -> None:
    with pytest.raises(RouteConfigError):
        RouteConfig.parse(text)


def test_finding_a_key_that_appears_twice_takes_one_pass() -> None:
    # 300,000 keys: a second at most in one pass; comparing each with each would take an hour.
    pairs = ",".join(f'"k{number}":0' for number in range(300_000))

    with pytest.raises(RouteConfigError, match="'k7' appears twice"):
        RouteConfig.parse(f'{{{pairs},"k7":1}}')


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_json_value_is_parsed_or_refused(value: object) -> None:
    with pytest.raises(RouteConfigError):
        RouteConfig.parse(json.dumps({"strategy": value, "salt": value, "arms": value, "production_arm": value}))
