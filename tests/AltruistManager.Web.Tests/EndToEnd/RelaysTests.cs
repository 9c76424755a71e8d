using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>Real nodes behind relays that do what was seen at providers: each is judged by what it does, and none harms the ones that are well.</summary>
[Collection(EndToEndCollection.Name)]
public sealed partial class RelaysTests
{
    private const string Chain = "anvil";
    private const string Region = "global";
    private const long Identity = 900_900;

    [Fact]
    public async Task Every_misbehaving_relay_is_judged_rightly_and_never_picked()
    {
        // Nobody that a sweep heard of is asked once more before a failover, with a second to answer: on a busy machine that makes one look ill.
        var starting = (
            Service: Service.StartAsync(("Probing__HotInterval", "00:00:10")),
            Network: AnvilNetwork.StartAsync(Identity, 7),
            Fork: AnvilNetwork.StartAsync(Identity, 1, age: 75));
        await using var service = await starting.Service;
        await using var network = await starting.Network;
        await using var fork = await starting.Fork;
        await service.PutAsync($"/api/v1/chains/{Chain}", new JsonObject
        {
            ["name"] = "Anvil",
            ["protocol"] = "evm",
            ["identity"] = $"{Identity}",
            ["blockTimeSeconds"] = 1,
            ["lagToleranceBlocks"] = 5,
        });

        // First those that are well, so that there is somebody to compare with.
        var good = new List<string>();
        foreach (var node in network.Nodes.Take(3))
            good.Add(await AddAsync(service, $"good-{good.Count + 1}", node.Url));
        foreach (var altruist in good)
            await SeeAsync(service, altruist, "healthy", "healthy");

        // Once a sweep has told their blocks, those of a new one are compared before it is healthy.
        foreach (var altruist in good)
            await Eventually.BeTrueAsync($"blocks of altruist {altruist} are compared", async () => (await service.GetAsync($"/api/v1/altruists/{altruist}"))["checks"]!.AsArray()
                .Any(check => check!["name"]!.GetValue<string>() == "data-integrity" && StateOf(check) == "passed"));

        var forked = await AddAsync(service, "fork", fork.Nodes[0].Url);
        string[] elsewhere = ["has another block", "providers"];
        await SeeAsync(service, forked, "diverged", elsewhere);
        await Eventually.BeTrueAsync("picks without it", async () => await ToldAsync(service) is { Count: > 0 } told && !told.Contains(forked));
        var before = (await service.DecisionsAsync(Chain, Region)).Count;
        using var over = new CancellationTokenSource();
        var watching = WatchAsync(service, over.Token);

        // Each of these three before a node of its own; the others answer little of what a node says.
        await using var lagging = await Relay.StartAsync(network.Nodes[3], Relay.Lagging(40));
        await using var caching = await Relay.StartAsync(network.Nodes[4], Relay.Caching(5));
        // The id of the chain with one digit more.
        await using var wrongChain = await Relay.StartAsync(network.Nodes[5], Relay.OfChain($"0x{Identity:x}1"));
        var hidden = network.Nodes[6];
        await using var page = await Relay.StartAsync(hidden, Relay.PageAsync);
        await using var mixUp = await Relay.StartAsync(hidden, Relay.MixUpAsync);
        await using var throttling = await Relay.StartAsync(hidden, Relay.Throttling(TimeSpan.FromSeconds(90)));
        await using var refusing = await Relay.StartAsync(hidden, Relay.RefuseAsync);
        await using var mixing = await Relay.StartAsync(hidden, Relay.Mixing(30, of: 4));

        var cached = await AddAsync(service, "caching", caching.Url);
        var judged = new Dictionary<string, (string State, string[] Words)>
        {
            [await AddAsync(service, "lagging", lagging.Url)] = ("lagging", ["answers", "blocks (", "behind", "other providers"]),
            [await AddAsync(service, "wrong-chain", wrongChain.Url)] = ("wrong-chain", ["serves another chain", $"{(Identity * 16) + 1}", $"{Identity}"]),
            [forked] = ("diverged", elsewhere),
            [await AddAsync(service, "page", page.Url)] = ("down", ["HTML page", "being maintained", "something else than a node"]),
            [await AddAsync(service, "mix-up", mixUp.Url)] = ("down", ["somebody else's question", "another id"]),
            [await AddAsync(service, "throttling", throttling.Url)] = ("throttled", ["429", "stay away", "more room"]),
            [await AddAsync(service, "refusing", refusing.Url)] = ("down", ["401", "let the prober and the portals in"]),
        };
        var mixed = await AddAsync(service, "mixing", mixing.Url);

        foreach (var (altruist, (state, words)) in judged)
            await SeeAsync(service, altruist, state, words);
        await SeeAsync(service, mixed, "healthy", "healthy");
        await GoesAfterTheOthersAsync(service, mixed, behind: 30);

        // A head that does not move is one that is behind, until it has not moved for a minute.
        judged.Add(cached, ("stale", ["head has been at block 5 for", "went on"]));
        await SeeAsync(service, cached, "stale", judged[cached].Words, TimeSpan.FromMinutes(3));
        var became = await StatesAsync(service, cached);
        Assert.InRange(became.IndexOf("lagging"), 0, became.IndexOf("stale") - 1);

        // By now each has been asked many times.
        foreach (var (altruist, (state, words)) in judged)
            await SeeAsync(service, altruist, state, words);
        await over.CancelAsync();
        var picked = await watching;
        Assert.Equal(good.Order(StringComparer.Ordinal), picked.Intersect(good).Order(StringComparer.Ordinal));
        Assert.Empty(picked.Except([.. good, mixed]));

        var decisions = await service.DecisionsAsync(Chain, Region);
        foreach (var decision in decisions.SkipLast(before))
            Assert.Empty(HeldBy(decision["result"]).Except([.. good, mixed]));
        foreach (var candidate in decisions[0]["candidates"]!.AsArray().Where(candidate => judged.ContainsKey(IdOf(candidate!))))
            Assert.False(candidate!["eligible"]!.GetValue<bool>(), $"eligible: {candidate}");

        foreach (var altruist in good)
            Assert.Equal(["healthy"], await StatesAsync(service, altruist));
        // Behind one URL there is a node that is well: it goes after the others now and then, but it is not thrown out.
        Assert.Empty((await StatesAsync(service, mixed)).Except(["healthy", "failing"]));
        foreach (var (altruist, (state, words)) in judged)
        {
            Assert.DoesNotContain("healthy", await StatesAsync(service, altruist));
            await RestsOnEvidenceAsync(service, altruist, state, words);
        }
    }

    /// <summary>What its answers of one moment say stands where everybody reads it, and costs its rank.</summary>
    private static async Task GoesAfterTheOthersAsync(Service service, string mixed, long behind)
    {
        await Eventually.BeTrueAsync("the samples met both nodes", async () =>
        {
            // One of four answers is behind: probes of the same moment may take it away, and on a busy machine the head goes on between two of them.
            await service.PostAsync($"/api/v1/altruists/{mixed}/test", new JsonObject());
            var check = (await service.GetAsync($"/api/v1/altruists/{mixed}"))["checks"]!.AsArray().Single(check => check!["name"]!.GetValue<string>() == "consistency")!;
            var reason = check["reason"]!.GetValue<string>();
            var told = Apart().Match(reason);
            Assert.True(told.Success, reason);
            Assert.InRange(long.Parse(told.Groups["spread"].ValueSpan, CultureInfo.InvariantCulture), behind - 2, behind + 2);
            Assert.InRange(long.Parse(told.Groups["lowest"].ValueSpan, CultureInfo.InvariantCulture), 1, long.MaxValue);
            return StateOf(check) == "warned";
        });

        await Eventually.BeTrueAsync("it goes after every healthy one", async () =>
        {
            var newest = (await service.DecisionsAsync(Chain, Region))[0];
            var candidate = newest["candidates"]!.AsArray().SingleOrDefault(candidate => IdOf(candidate!) == mixed);
            return candidate?["reason"]?.GetValue<string>().Contains("goes after every healthy", StringComparison.Ordinal) == true
                && candidate["eligible"]!.GetValue<bool>() && IdOf(newest["result"]!) != mixed;
        });
    }

    [GeneratedRegex(@"are (?<spread>\d+) blocks apart \(the lowest (?<lowest>\d+)\)")]
    private static partial Regex Apart();

    private static Task<string> AddAsync(Service service, string name, string url) => service.AddAltruistAsync(name, name, Chain, Region, url);

    private static Task SeeAsync(Service service, string altruist, string state, params string[] words) => SeeAsync(service, altruist, state, words, within: null);

    private static Task SeeAsync(Service service, string altruist, string state, string[] words, TimeSpan? within) =>
        Eventually.BeTrueAsync($"altruist {altruist} is {state}: {string.Join(" … ", words)}", async () =>
        {
            var seen = await service.GetAsync($"/api/v1/altruists/{altruist}");
            var reason = seen["reason"]!.GetValue<string>();
            return StateOf(seen) == state && words.All(word => reason.Contains(word, StringComparison.Ordinal))
                ? true
                : throw new InvalidOperationException($"{seen["label"]} is {seen["state"]}: {reason}");
        }, within);

    /// <returns>All that portals were told to use until it was over, first or next.</returns>
    private static async Task<HashSet<string>> WatchAsync(Service service, CancellationToken over)
    {
        var seen = new HashSet<string>();
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        try
        {
            do
            {
                // Those that are well are well all the time.
                seen.UnionWith(Assert.IsType<List<string>>(await ToldAsync(service)));
            }
            while (await pause.WaitForNextTickAsync(over));
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // It is over.
        }

        return seen;
    }

    /// <returns>Whom portals are told to use, first or next; null while there is nobody fresh.</returns>
    private static async Task<List<string>?> ToldAsync(Service service)
    {
        var (status, body, _) = await service.PollAsync(Chain, Region);
        return status == HttpStatusCode.OK && StateOf(body) == "fresh"
            ? [.. body["primaries"]!.AsArray().Concat(body["standbys"]!.AsArray()).Select(told => IdOf(told!))]
            : null;
    }

    /// <summary>What it became, oldest first.</summary>
    private static async Task<List<string>> StatesAsync(Service service, string altruist)
    {
        var page = await service.GetAsync($"/api/v1/altruists/{altruist}/changes?limit=200");
        return [.. page["items"]!.AsArray().Select(change => change!["to"]!.GetValue<string>()).Reverse()];
    }

    /// <summary>Why it is what it is can be looked up: the question, the answer and the words, under the hash of these very bytes.</summary>
    private static async Task RestsOnEvidenceAsync(Service service, string altruist, string state, string[] words)
    {
        var change = (await service.GetAsync($"/api/v1/altruists/{altruist}/changes?limit=200"))["items"]!.AsArray().First(change => change!["to"]!.GetValue<string>() == state)!;
        var hash = change["evidence"]!.GetValue<string>();
        var text = await service.GetTextAsync($"/api/v1/altruists/{altruist}/evidence/{hash}");
        Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))));
        Assert.Contains("eth_", text, StringComparison.Ordinal);
        Assert.All(words.Where(word => change["reason"]!.GetValue<string>().Contains(word, StringComparison.Ordinal)), word => Assert.Contains(word, text, StringComparison.Ordinal));
    }

    private static IEnumerable<string> HeldBy(JsonNode? result) => result is null
        ? []
        : result["standbys"]!.AsArray().Select(standby => standby!.GetValue<string>()).Append(IdOf(result));

    private static string IdOf(JsonNode told) => told["altruist"]!.GetValue<string>();

    private static string StateOf(JsonNode told) => told["state"]!.GetValue<string>();
}
