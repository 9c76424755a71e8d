using System.Buffers;
using System.Text;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Transparency;

namespace AltruistManager.Tests.Transparency;

/// <summary>The form of the log is a promise to those who verify it: these bytes may only change with the format's number.</summary>
public sealed class CanonicalEntryTests
{
    private const string Golden =
        """
        {"altruists":[["019a-1","acme","acme ☂ \"1\"",1,0,0,0,0,"healthy",1795244400000,"healthy"],["019a-2","beta","beta-1",2,1,4,2,0,"wrong-chain",1795244100000,"serves another chain"]],"at":1795244700000,"format":1,"generation":1795244700123,"isRound":true,"origin":"origin-1","overrides":[],"parameters":{"fairnessUnit":"altruist","intervalMs":300000,"policy":"least-used","primaries":1,"standbys":2,"windowMs":3600000},"revoked":[{"altruists":["019a-2"],"generation":1795244700123,"region":"us-east"}],"round":7,"rule":2,"scheduledAt":1795244700000,"seed":"0000000000000000000000000000000000000000000000000000000000000000","slots":[{"candidates":[0,1],"chain":"0021","contenders":[0],"eligible":1,"fallbacks":["us-west"],"offers":[0,2],"picks":[0,"us-east"],"region":"us-east","selectedAt":1795240000000,"state":"fresh","turn":0,"turns":[3,1],"was":[0,"us-east",1],"wasState":"fresh"}],"trigger":"scheduled","window":498679}
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
    public void Every_byte_of_an_entry_counts_for_its_hash()
    {
        var log = new EntryLog(null!);
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
                new Candidate { Altruist = 0, Turns = 3, ExcludedBy = -1, Contender = true },
                new Candidate { Altruist = 1, Turns = 1, ExcludedBy = -1, Offer = 2, Provider = 1 },
            ],
            Providers = new ProviderTurns[2],
            Fallbacks = [new("us-west")],
            WasState = SlotState.Fresh,
            Was = [new IncumbentPick(0, new("us-east"), MayKeep: true)],
            Rotate = true,
        };
        var outcome = new SlotOutcome { State = SlotState.Fresh, Eligible = 1, Turn = 0 };
        outcome.Picks.Add(new PickRef(0, 0, new("us-east")));
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
            Parameters = new EntryParameters("least-used", "altruist", 1, 2, 300_000, 3_600_000),
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
                    Facts = new AltruistFacts { Usability = Usability.Healthy, Tier = 1, Provider = 0, Host = 5 },
                },
                new EntryAltruist
                {
                    Id = new("019a-2"),
                    Provider = new("beta"),
                    Label = "beta-1",
                    State = VerdictState.WrongChain,
                    Reason = "serves another chain",
                    Since = DateTimeOffset.FromUnixTimeMilliseconds(1795244100000),
                    Facts = new AltruistFacts { Usability = Usability.No, Revoked = true, Tier = 2, Provider = 1, Host = 9 },
                },
            ],
            Overrides = [],
            Revoked = [new RevokedInRegion(new("us-east"), 1795244700123, [new("019a-2")])],
            Slots =
            [
                new EntrySlot
                {
                    Question = question,
                    Outcome = outcome,
                    Trigger = Trigger.Scheduled,
                    Decision = new DecisionId(1795244700123, 0),
                    SelectedAt = DateTimeOffset.FromUnixTimeMilliseconds(1795240000000),
                },
            ],
        };
    }
}
