using System.Buffers;
using System.Text;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Selection;
using AltruistManager.Selection.Policies;
using AltruistManager.Transparency;

namespace AltruistManager.Tests.Transparency;

/// <summary>The form of the log is a promise to those who verify it: these bytes may only change with the format's number.</summary>
public sealed class CanonicalEntryTests
{
    private const string Golden =
        """
        {"altruists":[["019a-1","acme","acme ☂ \"1\"",1,0,0,0,0,"healthy",1795244400000,"healthy","aa11",[0],[],[],null,200,35,990],["019a-2","beta","beta-1",2,1,4,2,0,"wrong-chain",1795244100000,"serves another chain",null,[0,1],["archive","trace"],["trace"],"heights differ",0,0,0]],"at":1795244700000,"format":4,"frozenSince":1795244600000,"generation":1795244700123,"holds":[{"author":"user:019c-1","chain":null,"createdAt":1795244000000,"id":"019b-2","reason":"an incident elsewhere","region":"eu","until":1795250000000}],"isRound":true,"origin":"origin-1","overrides":[{"altruist":null,"author":"key:019c-2","chain":null,"createdAt":1795244000000,"expiresAt":1795250000000,"force":false,"id":"019b-1","kind":"exclude","provider":"corp","reason":"their data centre moves","region":null,"revoke":false}],"parameters":{"fairnessUnit":"altruist","health":{"cooldownInitialMs":60000,"cooldownLongestMs":3600000,"divergedAtLeastMs":900000,"fall":3,"pickChangesPerHour":6,"rise":2,"suspendAfterMs":61200000},"intervalMs":300000,"latencyFactorPercent":200,"policy":"least-used","primaries":1,"probing":{"hotIntervalMs":10000,"hotTimeoutMs":2000,"intervalMs":300000,"retryIntervalMs":3000,"timeoutMs":5000},"providerCapPercent":60,"standbys":2,"windowMs":3600000},"revoked":[{"altruists":["019a-2"],"generation":1795244700123,"region":"us-east"}],"round":7,"rule":4,"scheduledAt":1795244700000,"seed":"0000000000000000000000000000000000000000000000000000000000000000","slots":[{"candidates":[0,1],"chain":"0021","contenders":[0],"eligible":1,"fallbacks":["us-west"],"lacking":[1],"left":["019a-0",150,"019a-9",100],"leftProviders":["corp",150,100],"offers":[0,2],"picks":[0,"us-east"],"policy":"quality","primaries":2,"providers":[0,0,300,1,0,0,50,2],"region":"us-east","requires":["archive"],"selectedAt":1795240000000,"state":"fresh","turn":[0],"turns":[300,50],"was":[0,"us-east",1,1,"us-west",0],"wasState":"fresh","wasWeights":[60,40]}],"trigger":"scheduled","vantages":["local","frankfurt"],"window":498679}
        """;

    /// <summary>As versions wrote it that forgot who left a slot, and did not tell who gave an order.</summary>
    private const string Format3 =
        """
        {"altruists":[["019a-1","acme","acme ☂ \"1\"",1,0,0,0,0,"healthy",1795244400000,"healthy","aa11",[0],[],[],null,200,35,990],["019a-2","beta","beta-1",2,1,4,2,0,"wrong-chain",1795244100000,"serves another chain",null,[0,1],["archive","trace"],["trace"],"heights differ",0,0,0]],"at":1795244700000,"format":3,"frozenSince":1795244600000,"generation":1795244700123,"isRound":true,"origin":"origin-1","overrides":[],"parameters":{"fairnessUnit":"altruist","health":{"cooldownInitialMs":60000,"cooldownLongestMs":3600000,"divergedAtLeastMs":900000,"fall":3,"pickChangesPerHour":6,"rise":2,"suspendAfterMs":61200000},"intervalMs":300000,"latencyFactorPercent":200,"policy":"least-used","primaries":1,"probing":{"hotIntervalMs":10000,"hotTimeoutMs":2000,"intervalMs":300000,"retryIntervalMs":3000,"timeoutMs":5000},"providerCapPercent":60,"standbys":2,"windowMs":3600000},"revoked":[{"altruists":["019a-2"],"generation":1795244700123,"region":"us-east"}],"round":7,"rule":4,"scheduledAt":1795244700000,"seed":"0000000000000000000000000000000000000000000000000000000000000000","slots":[{"candidates":[0,1],"chain":"0021","contenders":[0],"eligible":1,"fallbacks":["us-west"],"lacking":[1],"offers":[0,2],"picks":[0,"us-east"],"policy":"quality","primaries":2,"providers":[0,0,300,1,0,0,50,2],"region":"us-east","requires":["archive"],"selectedAt":1795240000000,"state":"fresh","turn":[0],"turns":[300,50],"was":[0,"us-east",1,1,"us-west",0],"wasState":"fresh","wasWeights":[60,40]}],"trigger":"scheduled","vantages":["local","frankfurt"],"window":498679}
        """;

    /// <summary>As versions wrote it that knew one primary and one policy.</summary>
    internal const string Format2 =
        """
        {"altruists":[["019a-1","acme","acme ☂ \"1\"",1,0,0,0,0,"healthy",1795244400000,"healthy","aa11",[0],[],[],null],["019a-2","beta","beta-1",2,1,4,2,0,"wrong-chain",1795244100000,"serves another chain",null,[0,1],["archive","trace"],["trace"],"heights differ"]],"at":1795244700000,"format":2,"frozenSince":1795244600000,"generation":1795244700123,"isRound":true,"origin":"origin-1","overrides":[],"parameters":{"fairnessUnit":"altruist","health":{"cooldownInitialMs":60000,"cooldownLongestMs":3600000,"divergedAtLeastMs":900000,"fall":3,"rise":2,"suspendAfterMs":61200000},"intervalMs":300000,"policy":"least-used","primaries":1,"probing":{"hotIntervalMs":10000,"hotTimeoutMs":2000,"intervalMs":300000,"retryIntervalMs":3000,"timeoutMs":5000},"standbys":2,"windowMs":3600000},"revoked":[{"altruists":["019a-2"],"generation":1795244700123,"region":"us-east"}],"round":7,"rule":2,"scheduledAt":1795244700000,"seed":"0000000000000000000000000000000000000000000000000000000000000000","slots":[{"candidates":[0,1],"chain":"0021","contenders":[0],"eligible":1,"fallbacks":["us-west"],"lacking":[1],"offers":[0,2],"picks":[0,"us-east"],"region":"us-east","requires":["archive"],"selectedAt":1795240000000,"state":"fresh","turn":0,"turns":[3,1],"was":[0,"us-east",1],"wasState":"fresh"}],"trigger":"scheduled","vantages":["local","frankfurt"],"window":498679}
        """;

    /// <summary>As the first version of this service wrote it.</summary>
    internal const string Format1 =
        """
        {"altruists":[["019a-1","acme","acme ☂ \"1\"",1,0,0,0,0,"healthy",1795244400000,"healthy"],["019a-2","beta","beta-1",2,1,4,2,0,"wrong-chain",1795244100000,"serves another chain"]],"at":1795244700000,"format":1,"generation":1795244700123,"isRound":true,"origin":"origin-1","overrides":[],"parameters":{"fairnessUnit":"altruist","intervalMs":300000,"policy":"least-used","primaries":1,"standbys":2,"windowMs":3600000},"revoked":[{"altruists":["019a-2"],"generation":1795244700123,"region":"us-east"}],"round":7,"rule":1,"scheduledAt":1795244700000,"seed":"0000000000000000000000000000000000000000000000000000000000000000","slots":[{"candidates":[0,1],"chain":"0021","contenders":[0],"eligible":1,"fallbacks":["us-west"],"offers":[0,2],"picks":[0,"us-east"],"region":"us-east","selectedAt":1795240000000,"state":"fresh","turn":0,"turns":[3,1],"was":[0,"us-east",1],"wasState":"fresh"}],"trigger":"scheduled","window":498679}
        """;

    [Fact]
    public void The_canonical_bytes_are_these()
    {
        var body = new ArrayBufferWriter<byte>();
        CanonicalEntry.Write(body, Sample());
        Assert.Equal(Golden, Encoding.UTF8.GetString(body.WrittenSpan));
    }

    [Fact]
    public void An_entry_reads_back_to_the_same_bytes()
    {
        var body = new ArrayBufferWriter<byte>();
        CanonicalEntry.Write(body, CanonicalEntry.Read(Encoding.UTF8.GetBytes(Golden)));
        Assert.Equal(Golden, Encoding.UTF8.GetString(body.WrittenSpan));
    }

    [Fact]
    public void An_entry_of_before_flapping_was_bounded_reads_back_to_the_same_bytes()
    {
        var before = Format3.Replace("\"pickChangesPerHour\":6,", "", StringComparison.Ordinal);
        var entry = CanonicalEntry.Read(Encoding.UTF8.GetBytes(before));
        var body = new ArrayBufferWriter<byte>();
        CanonicalEntry.Write(body, entry);
        Assert.Null(entry.Parameters.Health!.PickChangesPerHour);
        Assert.Equal(before, Encoding.UTF8.GetString(body.WrittenSpan));
    }

    [Fact]
    public void An_entry_of_format_3_reads_back_to_the_same_bytes()
    {
        var entry = CanonicalEntry.Read(Encoding.UTF8.GetBytes(Format3));
        var body = new ArrayBufferWriter<byte>();
        CanonicalEntry.Write(body, entry);
        Assert.Equal(Format3, Encoding.UTF8.GetString(body.WrittenSpan));
        Assert.True(entry.Slots[0].Leavers.IsEmpty);
    }

    [Fact]
    public void Who_gave_an_order_and_who_left_with_how_many_turns_are_read_from_the_canonical_bytes()
    {
        var entry = CanonicalEntry.Read(Encoding.UTF8.GetBytes(Golden));
        Assert.Equal(("key:019c-2", "user:019c-1"), (entry.Overrides[0].CreatedBy, entry.Holds[0].CreatedBy));
        var leavers = entry.Slots[0].Leavers;
        Assert.Equal([new AltruistLeft(new("019a-0"), 150, false), new AltruistLeft(new("019a-9"), 100, false)], leavers.Altruists);
        Assert.Equal([new ProviderLeft(new("corp"), 150, 100, false)], leavers.Providers);
    }

    [Fact]
    public void An_entry_of_format_1_is_still_read_verified_and_replayed()
    {
        var body = Encoding.UTF8.GetBytes(Format1);
        var bodyHash = System.Security.Cryptography.SHA256.HashData(EntryLog.Decompress(EntryLog.Compress(body)));
        Assert.Equal("9906d75df9f81dfbb3e151a44a5a060be5eed7cde179e8fc5cb6c734b83dbaa6", Convert.ToHexStringLower(EntryLog.Chain(new byte[32], bodyHash)));

        var entry = CanonicalEntry.Read(body);
        var slot = Assert.Single(entry.Slots);
        var replayed = new SlotOutcome();
        Selector.Decide(slot.Question, Array.ConvertAll(entry.Altruists, altruist => altruist.Facts), entry.Rules, replayed);
        Assert.Equal((slot.Outcome.State, slot.Outcome.Eligible), (replayed.State, replayed.Eligible));
        Assert.Equal(slot.Outcome.Turns, replayed.Turns);
        Assert.Equal(slot.Outcome.Picks, replayed.Picks);
        Assert.All(entry.Altruists, altruist => Assert.Equal((null, null, 0, 0), (altruist.Evidence, altruist.Penalty, altruist.Vantages.Count, altruist.Proven.Count)));
        Assert.Equal((null, null, null), (entry.Parameters.Health, entry.Parameters.Probing, entry.FrozenSince));
        Assert.Equal((false, 0), (slot.Question.Candidates[1].Lacking, slot.Question.Requires.Count));
    }

    [Fact]
    public void An_entry_of_format_2_is_still_read_and_replayed()
    {
        var entry = CanonicalEntry.Read(Encoding.UTF8.GetBytes(Format2));
        var slot = Assert.Single(entry.Slots);
        var replayed = new SlotOutcome();
        Selector.Decide(slot.Question, Array.ConvertAll(entry.Altruists, altruist => altruist.Facts), entry.Rules, replayed);
        Assert.Equal(slot.Outcome.Picks, replayed.Picks);
        Assert.Equal([0], replayed.Turns);
        // Whole turns then, hundredths now.
        Assert.Equal([400, 100], replayed.After.Select(after => after.Turns));
        Assert.Equal(("least-used", 1, 100), (slot.Question.Policy.Name, slot.Question.Primaries, entry.Parameters.ProviderCapPercent));
    }

    [Fact]
    public void A_held_slot_names_its_hold_in_the_canonical_bytes()
    {
        var held = Golden
            .Replace("an incident elsewhere\",\"region\":\"eu\"", "an incident\",\"region\":\"us-east\"", StringComparison.Ordinal)
            .Replace("\"lacking\"", "\"hold\":0,\"lacking\"", StringComparison.Ordinal)
            .Replace("\"selectedAt\"", "\"rotate\":false,\"selectedAt\"", StringComparison.Ordinal)
            .Replace("\"turn\":[0],", "", StringComparison.Ordinal);
        var entry = CanonicalEntry.Read(Encoding.UTF8.GetBytes(held));
        Assert.Equal("an incident", entry.Holds[entry.Slots[0].Question.Hold].Reason);
        var again = new ArrayBufferWriter<byte>();
        CanonicalEntry.Write(again, entry);
        Assert.Equal(held, Encoding.UTF8.GetString(again.WrittenSpan));
    }

    [Theory]
    [InlineData("\"format\":4", "\"format\":5", "Entry format 5 is not known to this version.")]
    [InlineData("\"rule\":4", "\"rule\":5", "Rule version 5 is not known to this version.")]
    [InlineData("\"policy\":\"quality\"", "\"policy\":\"newest\"", "The policy newest is not known to this version.")]
    public void What_a_newer_version_wrote_is_not_guessed_at(string known, string newer, string words) =>
        Assert.Equal(words, Assert.Throws<InvalidDataException>(() => CanonicalEntry.Read(Encoding.UTF8.GetBytes(Golden.Replace(known, newer, StringComparison.Ordinal)))).Message);

    [Fact]
    public void Every_byte_of_an_entry_counts_for_its_hash()
    {
        var log = new EntryLog(null!, null!);
        var previous = new byte[32];
        var packed = log.Pack(Sample(), previous);
        Assert.Equal(Encoding.UTF8.GetBytes(Golden), EntryLog.Decompress(packed.Compressed));
        Assert.Equal(EntryLog.Chain(previous, System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(Golden))), packed.Hash);
        previous[31] = 1;
        Assert.NotEqual(packed.Hash, log.Pack(Sample(), previous).Hash);
    }

    private static Entry Sample()
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(1795244700000);
        var question = new SlotQuestion
        {
            Key = new(new("0021"), new("us-east")),
            Candidates =
            [
                new Candidate { Altruist = 0, Turns = 300, ExcludedBy = -1, Contender = true },
                new Candidate { Altruist = 1, Turns = 50, ExcludedBy = -1, Offer = 2, Provider = 1, Lacking = true },
            ],
            Requires = ["archive"],
            Policy = SelectionPolicies.Find("quality")!,
            Primaries = 2,
            Providers = [new ProviderTurns { Given = 300 }, new ProviderTurns { Given = 50, Shares = 2 }],
            Fallbacks = [new("us-west")],
            WasState = SlotState.Fresh,
            Was = [new IncumbentPick(0, new("us-east"), 60, MayKeep: true), new IncumbentPick(1, new("us-west"), 40, MayKeep: false)],
            Rotate = true,
        };
        var outcome = new SlotOutcome { State = SlotState.Fresh, Eligible = 1, Turns = { 0 } };
        outcome.Picks.Add(new PickRef(0, 0, new("us-east"), 100));
        return new Entry
        {
            Origin = "origin-1",
            Generation = 1795244700123,
            Trigger = Trigger.Scheduled,
            Round = 7,
            IsRound = true,
            ScheduledAt = at,
            At = at,
            Window = 498679,
            Seed = new byte[32],
            FrozenSince = at.AddSeconds(-100),
            Parameters = EntryParameters.Of(new SelectionOptions { ProviderCapPercent = 60 }, new HealthOptions(), new ProbingOptions()),
            Altruists =
            [
                new EntryAltruist
                {
                    Id = new("019a-1"),
                    Provider = new("acme"),
                    Label = "acme ☂ \"1\"",
                    State = VerdictState.Healthy,
                    Reason = "healthy",
                    Since = DateTimeOffset.FromUnixTimeMilliseconds(1795244400000),
                    Evidence = "aa11",
                    Vantages = ["local"],
                    Facts = new AltruistFacts { Usability = Usability.Healthy, Tier = 1, Provider = 0, Host = 5, CapacityRps = 200, LatencyMs = 35, SuccessPerMille = 990 },
                },
                new EntryAltruist
                {
                    Id = new("019a-2"),
                    Provider = new("beta"),
                    Label = "beta-1",
                    State = VerdictState.WrongChain,
                    Reason = "serves another chain",
                    Since = DateTimeOffset.FromUnixTimeMilliseconds(1795244100000),
                    Vantages = ["local", "frankfurt"],
                    Claimed = ["archive", "trace"],
                    Proven = ["trace"],
                    Penalty = "heights differ",
                    Facts = new AltruistFacts { Usability = Usability.No, Revoked = true, Tier = 2, Provider = 1, Host = 9 },
                },
            ],
            Overrides =
            [
                new Override
                {
                    Id = "019b-1", Kind = OverrideKind.Exclude, Provider = new("corp"), Reason = "their data centre moves", CreatedBy = "key:019c-2",
                    CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(1795244000000), ExpiresAt = DateTimeOffset.FromUnixTimeMilliseconds(1795250000000),
                },
            ],
            Holds =
            [
                new Hold
                {
                    Id = "019b-2", Region = new("eu"), Reason = "an incident elsewhere", CreatedBy = "user:019c-1",
                    CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(1795244000000), Until = DateTimeOffset.FromUnixTimeMilliseconds(1795250000000),
                },
            ],
            Revoked = [new RevokedInRegion(new("us-east"), 1795244700123, [new("019a-2")])],
            Slots =
            [
                new EntrySlot
                {
                    Question = question,
                    // The first of them had no turn, and is not remembered.
                    Leavers = new Leavers(
                        [new(new("019a-"), 0, Contender: true), new(new("019a-0"), 150, Contender: true), new(new("019a-9"), 100, Contender: false)],
                        [new(new("corp"), 150, 100, Contender: true)]),
                    Outcome = outcome,
                    Trigger = Trigger.Scheduled,
                    Decision = new DecisionId(1795244700123, 0),
                    SelectedAt = DateTimeOffset.FromUnixTimeMilliseconds(1795240000000),
                },
            ],
        };
    }
}
