using System.Security.Cryptography;
using System.Text;
using AltruistManager.Altruists;
using AltruistManager.Chains;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Selection;
using AltruistManager.Transparency;

namespace AltruistManager.Tests.Transparency;

/// <summary>What <c>docs/log-format.md</c> states of the bytes of an entry: whoever plans a disk goes by it.</summary>
public sealed class EntrySizeTests
{
    private const int AltruistsPerChain = 100;

    private static readonly DateTimeOffset Now = new(2026, 11, 21, 7, 0, 0, TimeSpan.Zero);

    /// <summary>Bodies as they are stored, without rows and indexes; 5 to 50 candidates a slot, ten of a hundred not healthy.</summary>
    [Theory]
    [InlineData(40, 10, 800)]
    [InlineData(40, 20, 500)]
    public void A_round_costs_no_more_bytes_a_slot_than_is_stated(int chains, int regions, int most)
    {
        var book = Book(chains, regions);
        var bytes = 0;
        for (var round = 1; round <= 12; round++)
        {
            book.Decide(rotate: true, Rules);
            bytes = Math.Max(bytes, Pack(book, book.Slots, isRound: true, round));
            for (var i = 0; i < book.Slots.Count; i++)
                book.Commit(book.Slots[i], new DecisionId(round, i), changed: true, Now);
        }

        var each = bytes / book.Slots.Count;
        Assert.True(each <= most, $"{each} bytes a slot");
    }

    /// <summary>A failover, an override or a change of one slot, with all who could serve it.</summary>
    [Fact]
    public void An_entry_between_rounds_costs_no_more_bytes_than_is_stated()
    {
        var book = Book(1, 20);
        book.Decide(rotate: true, Rules);
        var largest = book.Slots.MaxBy(slot => slot.Question.Candidates.Length)!;
        Assert.InRange(largest.Question.Candidates.Length, 45, 50);
        var bytes = Pack(book, [largest], isRound: false, round: 1);
        Assert.True(bytes <= 5_000, $"{bytes} bytes");
    }

    private static SelectorRules Rules => EntryParameters.Of(new SelectionOptions(), new HealthOptions(), new ProbingOptions()).Rules(1);

    private static int Pack(SelectionBook book, IReadOnlyList<SlotMemory> decided, bool isRound, long round) =>
        new EntryLog(null!, null!).Pack(
            new Entry
            {
                Origin = "019aa5b2-7f3c-7d11-b0aa-0d5f2c1be001",
                Generation = 1795244700000 + round,
                Trigger = isRound ? Trigger.Scheduled : Trigger.Failover,
                Round = round,
                IsRound = isRound,
                ScheduledAt = Now,
                At = Now,
                Window = book.Window,
                Seed = book.Seed,
                Parameters = EntryParameters.Of(new SelectionOptions(), new HealthOptions(), new ProbingOptions()),
                Altruists = book.Altruists,
                Overrides = [],
                Revoked = [],
                Slots = [.. decided.Select((slot, ordinal) => new EntrySlot
                {
                    Question = slot.Question,
                    Outcome = slot.Next,
                    Trigger = isRound ? Trigger.Scheduled : Trigger.Failover,
                    Decision = new DecisionId(1795244700000 + round, ordinal),
                    SelectedAt = Now,
                })],
            },
            new byte[32]).Compressed.Length;

    private static SelectionBook Book(int chainCount, int regionCount)
    {
        var random = new Random(20261121);
        var regions = Enumerable.Range(0, regionCount).Select(number => new Region(new($"region-{number:00}"), $"Region {number}", [])).ToList();
        var providers = Enumerable.Range(0, 200).Select(number => new Provider(new($"provider-{number:000}"), $"Provider {number}", null, null, null)).ToList();
        var chains = new List<Chain>();
        var altruists = new List<Altruist>();
        var board = new HealthBoard();
        VerdictState[] others = [VerdictState.Failing, VerdictState.Down, VerdictState.Lagging, VerdictState.Throttled];
        for (var c = 0; c < chainCount; c++)
        {
            chains.Add(new Chain { Id = new($"{c:0000}"), Name = $"Chain {c}", Network = new($"evm:{c}"), BlockTimeSeconds = 12, LagToleranceBlocks = 3, RequestTimeoutMs = 10_000 });
            var offered = Enumerable.Range(0, AltruistsPerChain).Select(_ => new List<RegionId>()).ToArray();
            foreach (var region in regions)
            {
                foreach (var a in Enumerable.Range(0, AltruistsPerChain).OrderBy(_ => random.Next()).Take(random.Next(5, AltruistsPerChain / 2 + 1)))
                    offered[a].Add(region.Id);
            }

            for (var a = 0; a < AltruistsPerChain; a++)
            {
                var id = new AltruistId(new Guid(random.Next(), 0x7000, 0x7000, [.. Enumerable.Range(0, 8).Select(_ => (byte)random.Next(256))]).ToString());
                var state = random.Next(10) == 0 ? others[random.Next(others.Length)] : VerdictState.Healthy;
                altruists.Add(new Altruist
                {
                    Id = id,
                    Provider = providers[random.Next(providers.Count)].Id,
                    Network = chains[^1].Network,
                    Chains = [chains[^1].Id],
                    Regions = offered[a],
                    Url = $"https://node-{altruists.Count}.example/rpc",
                    MayBePrivate = false,
                    Label = $"node-{altruists.Count}",
                    Attested = true,
                    CreatedAt = Now,
                });
                board.Set(id, new Verdict
                {
                    State = state,
                    Reason = VerdictNames.Of(state),
                    Since = Now.AddSeconds(-random.Next(1_000_000)),
                    LastProbeAt = Now,
                    LastGoodAt = Now,
                    // Every one its own, which cannot be compressed.
                    Evidence = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id.Value))),
                });
            }
        }

        var book = new SelectionBook(new SelectionOptions(), new ProbingOptions());
        book.Prepare(new Roster(1, chains, regions, providers, altruists), board, new Rulings([], [], DrainBook.Empty), Now, Now, new byte[32]);
        return book;
    }
}
