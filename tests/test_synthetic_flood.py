"""The invented flood gives every figure that the report prints of it, row by row."""

import pandas as pd
import pytest
from synthetic_county import SEEDS, Tables, made

from jingde_core.synthetic.making import FLOOD

CLEARED = ["silt", "road_blocked", "slide"]
PRODUCTION = ["crop", "livestock", "equipment"]


def struck(t: Tables, status: str, kinds: list[str] | None = None) -> pd.DataFrame:
    """Households of a status with damage of the kinds; any but a water cut when none is given."""
    d = t["damages"].dropna(subset=["household"])
    d = d[d["kind"].isin(kinds) if kinds else d["kind"] != "water_cut"]
    h = t["households"]
    return h[h["id"].isin(d["household"]) & (h["status"] == status)]


def given(t: Tables, kind: str) -> pd.DataFrame:
    return t["relief"][t["relief"]["kind"] == kind]


def of_kind(t: Tables, kind: str) -> pd.DataFrame:
    return t["damages"][t["damages"]["kind"] == kind]


@pytest.mark.parametrize("seed", SEEDS)
class TestFlood:
    def test_three_rains_are_parts_of_the_flood_and_share_no_day(self, seed: int) -> None:
        events = made(seed)["events"].set_index("id")
        rains = events[events["part_of"] == FLOOD].sort_values("starts_on")
        assert rains.index.tolist() == [f"RAIN-2020-07-{n}" for n in (1, 2, 3)]
        assert (rains["starts_on"].iloc[1:].array > rains["ends_on"].iloc[:-1].array).all()
        assert rains["starts_on"].min() == events.loc[FLOOD, "starts_on"]
        assert rains["ends_on"].max() == events.loc[FLOOD, "ends_on"]

    def test_repairs_of_works_and_projects_together_cost_over_390_times_10k(
        self, seed: int
    ) -> None:
        tables = made(seed)
        works = tables["water_works"]["restored_cost"].sum()
        assert works == 2_760_000
        assert works + tables["projects"]["repair_cost"].sum() == 3_910_000

    def test_works_are_tested_after_all_that_was_done_to_them(self, seed: int) -> None:
        works = made(seed)["water_works"]
        central = works["kind"] == "central"
        assert central.sum() == 233 and works.loc[central, "disinfected_on"].notna().all()
        assert 60 <= (~central).sum() <= 90
        assert works["quality"].eq("pass").all()
        for done in ("built_on", "restored_on", "disinfected_on"):
            known = works[works[done].notna()]
            assert (known["tested_on"] >= known[done]).all()
        assert works["tested_on"].max() <= pd.Timestamp("2020-09-30")

    def test_a_work_has_damage_if_and_only_if_it_was_restored(self, seed: int) -> None:
        tables = made(seed)
        restored = tables["water_works"].dropna(subset=["restored_on"])
        damage = tables["damages"].dropna(subset=["work"]).set_index("work")
        assert set(damage.index) == set(restored["id"])
        assert (damage["loss"] <= restored.set_index("id")["restored_cost"]).all()
        assert (restored["restored_cost"] > 0).all()

    def test_works_stand_where_country_people_live(self, seed: int) -> None:
        tables = made(seed)
        people = tables["villages"].set_index("code")["rural_population"]
        central = tables["water_works"].query("kind == 'central'")["village"]
        works = central.value_counts().reindex(people.index, fill_value=0)
        assert (works[people == 0] == 0).all()
        assert (works - 233 * people / people.sum()).abs().max() <= 1

    def test_no_household_has_one_kind_of_damage_twice(self, seed: int) -> None:
        own = made(seed)["damages"].dropna(subset=["household"])
        assert not own.duplicated(["household", "kind"]).any()
        assert own["household"].value_counts().max() >= 2

    def test_damage_stands_in_the_village_of_its_household(self, seed: int) -> None:
        tables = made(seed)
        village = tables["households"].set_index("id")["village"]
        for name in ("damages", "relief"):
            own = tables[name].dropna(subset=["household"])
            assert (own["household"].map(village) == own["village"]).all()

    def test_only_those_present_are_hit_or_helped(self, seed: int) -> None:
        tables = made(seed)
        left = tables["households"].dropna(subset=["left_on"])["id"]
        assert not tables["damages"]["household"].isin(left).any()
        assert not tables["relief"]["household"].isin(left).any()

    def test_loss_is_yuan_except_where_only_a_way_or_the_water_was_cut(self, seed: int) -> None:
        damages = made(seed)["damages"]
        empty = damages["kind"].isin([*CLEARED, "water_cut"])
        assert (damages["loss"].isna() == empty).all()
        crop = of_kind(made(seed), "crop")["loss"]
        assert crop.between(300, 6_000).all() and crop.mean() > crop.median()
        assert of_kind(made(seed), "equipment")["loss"].max() <= 20_000

    def test_what_was_mended_was_mended_after_the_damage(self, seed: int) -> None:
        damages = made(seed)["damages"]
        mended = damages.dropna(subset=["mended_on"])
        assert (mended["mended_on"] >= mended["date"]).all()
        assert damages["date"].between("2020-07-02", "2020-07-06").all()
        cleared = damages[damages["kind"].isin(CLEARED)]
        assert cleared["mended_on"].between("2020-07-02", "2020-07-31").all()
        assert of_kind(made(seed), "water_cut")["mended_on"].notna().all()

    def test_the_hit_and_the_cut_off_overlap_in_part(self, seed: int) -> None:
        tables = made(seed)
        hit = set(struck(tables, "registered")["id"])
        dry = set(struck(tables, "registered", ["water_cut"])["id"])
        assert hit & dry and dry - hit

    def test_damage_clusters_in_villages(self, seed: int) -> None:
        tables = made(seed)
        here = tables["households"][tables["households"]["left_on"].isna()]
        hit = here["id"].isin(struck(tables, "registered")["id"])
        village = hit.groupby(here["village"])
        share = hit.mean()
        excess = village.size() * (village.mean() - share) ** 2 / (share * (1 - share))
        assert excess.sum() > 3 * (len(excess) - 1)

    def test_relief_comes_after_the_event_and_to_whole_households(self, seed: int) -> None:
        tables = made(seed)
        relief = tables["relief"]
        assert relief["date"].between("2020-07-07", "2020-09-30").all()
        assert not relief.duplicated(["household", "kind"]).any()
        members = relief["household"].map(tables["households"].set_index("id")["members"])
        workers = relief["kind"] == "reconstruction_wage"
        assert (relief["persons"] == members)[~workers].all()
        assert (relief["persons"] <= members)[workers].all()

    def test_stock_is_over_ten_thousand_head(self, seed: int) -> None:
        assert given(made(seed), "stock")["quantity"].sum() == 10_240

    def test_money_stands_only_where_the_report_prints_it(self, seed: int) -> None:
        relief = made(seed)["relief"]
        unpriced = relief["kind"].isin(["crop_insurance", "replanting", "stock"])
        assert (relief["value"].isna() == unpriced).all()
        counted = relief["kind"].isin(["replanting", "stock"])
        assert (relief["quantity"].notna() == counted).all()

    def test_insurance_is_for_registered_households_with_lost_production(self, seed: int) -> None:
        tables = made(seed)
        farms = struck(tables, "registered", PRODUCTION)["id"]
        assert given(tables, "crop_insurance")["household"].isin(farms).all()
        homes = pd.concat([struck(tables, s, ["house"]) for s in ("registered", "edge")])["id"]
        assert sorted(given(tables, "house_insurance")["household"]) == sorted(homes)
        assert given(tables, "house_grant")["household"].isin(homes).all()

    def test_claims_and_grants_stay_within_the_loss_of_the_home(self, seed: int) -> None:
        tables = made(seed)
        loss = of_kind(tables, "house").set_index("household")["loss"]
        paid = tables["relief"][tables["relief"]["kind"].isin(["house_insurance", "house_grant"])]
        total = paid.groupby("household")["value"].sum()
        assert (total <= loss.loc[total.index]).all()

    def test_few_who_were_not_hit_are_reached_and_some_hit_are_not(self, seed: int) -> None:
        tables = made(seed)
        hit = set(pd.concat([struck(tables, s) for s in ("registered", "edge")])["id"])
        reached = set(tables["relief"]["household"])
        assert 0 <= len(reached - hit) <= 6
        assert 10 <= len(hit - reached) <= 120

    def test_donations_go_to_hit_registered_households(self, seed: int) -> None:
        tables = made(seed)
        hit = struck(tables, "registered")["id"]
        assert given(tables, "donation")["household"].isin(hit).all()

    def test_those_whom_loans_and_pupil_aid_call_hit_are_hit(self, seed: int) -> None:
        tables = made(seed)
        called = tables["loans"].loc[tables["loans"]["event"] == FLOOD, "household"]
        pupils = tables["awards"].loc[tables["awards"]["kind"] == "flood_student_aid", "household"]
        hit = pd.concat([struck(tables, s) for s in ("registered", "edge")])["id"]
        assert pd.concat([called, pupils]).isin(hit).all()


def test_another_seed_moves_the_flood_but_not_its_totals() -> None:
    first, second = (made(seed)["damages"]["household"].dropna() for seed in SEEDS[:2])
    assert set(first) != set(second)
