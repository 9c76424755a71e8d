using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Web.Ui.Pages;

namespace AltruistManager.Web.Tests.Ui;

public sealed class SlotViewTests
{
    [Fact]
    public void Candidates_come_picked_first_then_standbys_in_order_then_the_rest()
    {
        var view = Build(Decision(SlotState.Fresh, "b", ["d", "a"]));
        Assert.Equal(["b", "d", "a", "c", "e"], view.Candidates.Select(row => row.Candidate.Label));
        Assert.Equal(["picked", "1st standby", "2nd standby", "eligible", "not eligible"], view.Candidates.Select(row => row.RoleText));
    }

    [Fact]
    public void The_reason_of_the_pick_is_the_one_the_log_gives()
    {
        var view = Build(Decision(SlotState.Fresh, "b", []));
        Assert.Equal("Picked: reason of b. 4 of 5 candidates could be picked.", view.Because);
    }

    [Fact]
    public void A_pin_tells_its_reason_and_end()
    {
        var pinned = Decision(SlotState.Override, "b", []) with
        {
            Override = new DecisionOverride(
                "1", "pin", null, null, new AltruistId("b"), null, Force: false, Revoke: false, "maintenance of the others", "user:1", DateTimeOffset.UnixEpoch, new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.Zero)),
        };
        Assert.Equal("Pinned by staff until 2026-11-21 12:00:00 UTC: “maintenance of the others”", Build(pinned).Because);
    }

    [Fact]
    public void A_degraded_slot_says_that_the_last_pick_is_kept() =>
        Assert.Contains("last pick is kept", Build(Decision(SlotState.Degraded, "e", [])).Because, StringComparison.Ordinal);

    [Fact]
    public void A_slot_that_nobody_is_offered_for_says_so() =>
        Assert.StartsWith("Nobody offers", Build(Decision(SlotState.None, null, []) with { Candidates = [] }).Because, StringComparison.Ordinal);

    private static SlotView Build(Decision decision) => SlotView.Build(decision, Roster.Empty, new HealthBoard());

    private static Decision Decision(SlotState state, string? picked, string[] standbys) => new()
    {
        Id = new DecisionId(7, 0),
        Slot = new SlotKey(new ChainId("0021"), new RegionId("us-east")),
        At = DateTimeOffset.UnixEpoch,
        Trigger = Trigger.Scheduled,
        Round = 3,
        State = state,
        Policy = "least-used",
        Candidates = [Candidate("a", 2), Candidate("b", 1), Candidate("c", 3), Candidate("d", 1), Candidate("e", 0, eligible: false)],
        Primaries = picked is null ? [] : [new Pick(new AltruistId(picked), new RegionId("us-east"), 100)],
        Standbys = [.. standbys.Select(id => new AltruistId(id))],
        Hash = "aa",
        PreviousHash = "bb",
    };

    private static DecisionCandidate Candidate(string id, int turns, bool eligible = true) =>
        new(new AltruistId(id), new ProviderId("acme"), id, RegionId.Everywhere, turns, null, eligible, $"picked: reason of {id}");
}
