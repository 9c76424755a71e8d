using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing.Checks;

namespace AltruistManager.Tests.Probing.Checks;

public sealed class CheckRecordTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private static readonly HealthOptions Options = new() { Fall = 3, Rise = 2 };

    [Fact]
    public void A_pass_proves_and_so_many_failures_in_a_row_take_it_away()
    {
        Assert.Empty(Proven(CheckState.Failed));
        Assert.Equal(["archive"], Proven(CheckState.Passed));
        Assert.Equal(["archive"], Proven(CheckState.Passed, CheckState.Failed, CheckState.Failed));
        Assert.Empty(Proven(CheckState.Passed, CheckState.Failed, CheckState.Failed, CheckState.Failed));
        Assert.Equal(["archive"], Proven(CheckState.Passed, CheckState.Failed, CheckState.Failed, CheckState.Failed, CheckState.Passed));
    }

    [Fact]
    public void What_could_not_be_decided_neither_proves_nor_takes_away()
    {
        Assert.Empty(Proven(CheckState.Unknown));
        Assert.Equal(["archive"], Proven(CheckState.Passed, CheckState.Unknown, CheckState.Unknown, CheckState.Unknown, CheckState.Unknown));
        Assert.Empty(Proven(CheckState.Passed, CheckState.Failed, CheckState.Failed, CheckState.Unknown, CheckState.Failed));
    }

    [Fact]
    public void Another_place_must_prove_anew()
    {
        var here = After(null, CheckState.Passed, "here");

        Assert.Equal(["archive"], Standing.Of([here], Options).Proven);
        var there = After(here, CheckState.Unknown, "there");
        Assert.Empty(Standing.Of([there], Options).Proven);
        Assert.Equal("unknown here", Standing.Of([there with { Reason = "unknown here" }], Options).Unproven["archive"]);
    }

    [Fact]
    public void Other_urls_are_other_places_and_neither_another_label_nor_other_credentials_are()
    {
        var check = new CapabilityCheck("archive");
        var altruist = CheckBench.Altruist("https://a.example/rpc", "archive");
        var withKey = altruist with { Auth = new EndpointAuth(AuthKind.Bearer, "", "first") };
        CheckPlace[] places =
        [
            Place(altruist), Place(altruist with { Label = "other", Capabilities = [] }), Place(altruist with { Url = "https://a.example/rpc2" }),
            Place(withKey), Place(withKey with { Auth = new EndpointAuth(AuthKind.Bearer, "", "second") }), CheckRecord.PlaceOf(check, altruist, "/ext"),
        ];

        Assert.All([1, 3, 4], other => Assert.Equal(places[0], places[other]));
        Assert.Equal(3, places.Distinct().Count());
        // As versions before wrote it: what they found still counts.
        Assert.Equal("ffe3bd82cae47070172dc985d5b040e9", places[0].ToString());
        Assert.All(places, place => Assert.Equal(place, CheckPlace.Parse(place.ToString())));
        Assert.DoesNotContain(CheckPlace.Parse("no place"), places);

        CheckPlace Place(Altruist asked) => CheckRecord.PlaceOf(check, asked, "");
    }

    [Fact]
    public void A_spread_costs_rank_until_checks_in_a_row_saw_none()
    {
        Assert.Null(Penalty(CheckState.Passed));
        Assert.Equal("consistency", Penalty(CheckState.Passed, CheckState.Warned));
        Assert.Equal("its answers were blocks apart at 12:01 UTC; 1 of 2 checks saw no spread since", Penalty(CheckState.Passed, CheckState.Warned, CheckState.Passed));
        Assert.NotNull(Penalty(CheckState.Warned, CheckState.Passed, CheckState.Unknown));
        Assert.Null(Penalty(CheckState.Warned, CheckState.Passed, CheckState.Unknown, CheckState.Passed));
    }

    [Fact]
    public void Since_is_when_the_state_began()
    {
        var first = After(null, CheckState.Failed, "here");
        var second = CheckRecord.After(first, first.Altruist, new CheckResult("archive", CheckState.Failed, "again", 1, []), CheckPlace.Of(["here"]), Noon.AddMinutes(5));

        Assert.Equal((Noon, Noon.AddMinutes(5), "again"), (second.Since, second.At, second.Reason));
    }

    private static IReadOnlyList<string> Proven(params CheckState[] states) => Standing.Of([Series("archive", states)], Options).Proven;

    private static string? Penalty(params CheckState[] states) => Standing.Of([Series("consistency", states)], Options).Penalty;

    private static CheckRecord Series(string check, CheckState[] states)
    {
        CheckRecord? record = null;
        for (var i = 0; i < states.Length; i++)
            record = CheckRecord.After(record, new AltruistId("a"), new CheckResult(check, states[i], check, 1, []), CheckPlace.Of(["here"]), Noon.AddMinutes(i));
        return record!;
    }

    private static CheckRecord After(CheckRecord? before, CheckState state, string place) =>
        CheckRecord.After(before, new AltruistId("a"), new CheckResult("archive", state, state.ToString(), 1, []), CheckPlace.Of([place]), Noon);
}
