using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Tests.Altruists;

public sealed class RosterTests
{
    [Fact]
    public void Any_sequence_of_changes_gives_the_roster_that_loading_it_whole_gives()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var all = new Dictionary<AltruistId, Altruist>();
        var roster = Roster.Empty;
        for (var step = 1; step <= 200; step++)
        {
            List<Altruist> changed = [.. Enumerable.Range(0, random.Next(4)).Select(_ => Some(random)).DistinctBy(altruist => altruist.Id)];
            foreach (var altruist in changed)
                all[altruist.Id] = altruist;
            roster = roster.With(step, [], [], [], changed);

            var whole = new Roster(step, [], [], [], all.Values);
            Assert.True(whole.Live.SequenceEqual(roster.Live), $"seed {seed}, step {step}");
            Assert.True(whole.Altruists.OrderBy(pair => pair.Key).SequenceEqual(roster.Altruists.OrderBy(pair => pair.Key)), $"seed {seed}, step {step}");
            Assert.True(
                whole.LiveByNetwork.OrderBy(pair => pair.Key).SelectMany(pair => pair.Value).SequenceEqual(roster.LiveByNetwork.OrderBy(pair => pair.Key).SelectMany(pair => pair.Value)),
                $"seed {seed}, step {step}");
            Assert.Equal(whole.LiveByNetwork.Count, roster.LiveByNetwork.Count);
        }
    }

    [Fact]
    public void A_roster_that_grows_by_many_decisions_shows_each_what_the_whole_one_would()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var chain = Chain("0021", []);
        var all = Enumerable.Range(0, 15).Select(_ => Any(random)).DistinctBy(altruist => altruist.Id).ToDictionary(altruist => altruist.Id);
        var growing = new GrowingRoster(new Roster(1, [chain], [], [], all.Values));
        for (var step = 1; step <= 200; step++)
        {
            var changed = Any(random);
            all[changed.Id] = changed;
            growing.Put(changed);
            var whole = new RosterView(new Roster(1, [chain], [], [], all.Values));
            Assert.Equal(changed, growing.Find(changed.Id));
            Assert.Equal(whole.CountOf(chain), growing.CountOf(chain));
            foreach (var provider in new[] { new ProviderId("acme"), new ProviderId("other") })
            {
                Assert.Equal(whole.CountOf(provider), growing.CountOf(provider));
                foreach (var url in Urls)
                {
                    Assert.True(At(whole, provider, url).SequenceEqual(At(growing, provider, url)), $"seed {seed}, step {step}");
                    Assert.Equal(whole.RetiredAt(url).Count(altruist => altruist.InService.Url == url), growing.RetiredAt(url).Count());
                }
            }
        }

        IEnumerable<AltruistId> At(RosterView view, ProviderId provider, string url) => view.LiveAt(provider, [url])
            .Where(altruist => altruist.Url == url || altruist.Serving?.Url == url || altruist.Urls.Values.Contains(url) || AltruistStore.IsKeyOf(altruist.Undecryptable?.UrlKey, provider, url))
            .Select(altruist => altruist.Id);
    }

    [Fact]
    public void An_id_wins_over_an_alias_and_a_living_chain_over_a_retired_one()
    {
        var roster = new Roster(1, [Chain("0021", ["eth"]), Chain("eth", []), Chain("0022", ["archive", "taken"]) with { RetiredAt = DateTimeOffset.UnixEpoch }, Chain("0040", ["taken"])], [], [], []);
        Assert.Equal("eth", roster.FindChain("eth")?.Id.Value);
        Assert.Equal("0022", roster.FindChain("0022")?.Id.Value);
        Assert.Equal("0022", roster.FindChain("archive")?.Id.Value);
        Assert.Equal("0040", roster.FindChain("taken")?.Id.Value);
    }

    private static Chain Chain(string id, string[] aliases) => new()
    {
        Id = new(id), Name = id, Network = new("evm:1"), BlockTimeSeconds = 12, LagToleranceBlocks = 3, RequestTimeoutMs = 10000, Aliases = aliases,
    };

    private static readonly string[] Urls = [.. Enumerable.Range(0, 6).Select(number => $"https://n{number}.example")];

    private static Altruist Any(Random random)
    {
        var altruist = Some(random) with { Provider = new(random.Next(2) == 0 ? "acme" : "other"), Network = new("evm:1"), Url = Url() };
        return random.Next(4) switch
        {
            0 => altruist with { Url = "", Undecryptable = new Undecryptable("lost", AltruistStore.KeysOf(altruist.Provider, Url())[random.Next(2)]) },
            1 => altruist with { Serving = altruist.Endpoint with { Url = Url() } },
            2 => altruist with { Urls = new Dictionary<string, string> { ["rest"] = Url() } },
            _ => altruist,
        };

        string Url() => Urls[random.Next(Urls.Length)];
    }

    private static Altruist Some(Random random) => new()
    {
        Id = new($"{random.Next(20):00}"),
        Provider = new("acme"),
        Network = new($"evm:{random.Next(3)}"),
        Chains = [new("0021")],
        Regions = [RegionId.Everywhere],
        Url = $"https://n{random.Next()}.example",
        MayBePrivate = false,
        Label = "n",
        CreatedAt = DateTimeOffset.UnixEpoch,
        RetiredAt = random.Next(3) == 0 ? DateTimeOffset.UnixEpoch : null,
    };
}
