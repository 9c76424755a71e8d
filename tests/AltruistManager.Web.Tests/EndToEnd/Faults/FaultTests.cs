using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using AltruistManager.Simulator;
using AltruistManager.Simulator.Chaos;

namespace AltruistManager.Web.Tests.EndToEnd.Faults;

/// <summary>What nodes, names and certificates may do to the prober, each against the real process: the right verdict with its reason, and nobody else suffers.</summary>
[Collection(EndToEndCollection.Name)]
public sealed class FaultTests(ChaosWorld world) : IClassFixture<ChaosWorld>
{
    /// <summary>Of names: each ends within a second, when the resolver gives up.</summary>
    private static readonly TimeSpan LongerThanManyLookups = TimeSpan.FromSeconds(5);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Fault_11_Resolver_that_is_down_leaves_every_verdict_and_raises_the_alarm()
    {
        await using var scene = await world.SceneAsync();
        var named = new List<string>();
        foreach (var provider in (string[])["acme", "bolt", "core", "dusk"])
        {
            var node = scene.AddNode($"{scene.Chain}-named-{provider}");
            var name = $"{provider}.{scene.Chain}.test";
            world.Names[name] = DnsAnswer.Of(IPAddress.Parse(node.Url.Host));
            named.Add(await scene.RegisterBadAsync($"http://{name}:{node.Url.Port}/", provider));
        }

        foreach (var altruist in named)
            await scene.StateIsAsync(altruist, "healthy", "");
        await scene.BeginAsync();

        world.Names.IsDown = true;
        try
        {
            // Connections that are open already need no name.
            await world.Simulated.CloseConnectionsAsync(Cancellation);
            await AlarmIsAsync($".{scene.Chain}.test");
            await Task.Delay(LongerThanManyLookups, TimeProvider.System, Cancellation);
            await Task.WhenAll(named.Select(altruist => scene.StateIsAsync(altruist, "healthy", "")));
            // Before the resolver is back: a lookup that began without it may end when the others are found again, which looks as if it were the altruist's own fault.
            foreach (var altruist in named)
                Assert.DoesNotContain(await ChangesAsync(altruist), change => change!["from"]!.GetValue<string>() == "healthy");
        }
        finally
        {
            world.Names.IsDown = false;
        }

        // A name that does not exist is the altruist's own fault, as soon as the resolver can say so.
        world.Names[$"dusk.{scene.Chain}.test"] = DnsAnswer.Missing;
        await world.Simulated.CloseConnectionsAsync(Cancellation);
        await scene.StateIsAsync(named[^1], "down", "does not exist");
        await AllAreHealthyAsync(scene, named.SkipLast(1));
        foreach (var altruist in named.SkipLast(1))
            Assert.DoesNotContain(await ChangesAsync(altruist), change => change!["to"]!.GetValue<string>() == "down");
        await scene.NobodyElseSufferedAsync(named.SkipLast(1));

        async Task<JsonArray> ChangesAsync(string altruist) => (await world.Service.GetAsync($"/api/v1/altruists/{altruist}/changes"))["items"]!.AsArray();
    }

    [Fact]
    public async Task Fault_12_Names_that_take_five_seconds_delay_nobody_else()
    {
        await using var scene = await world.SceneAsync();
        var slow = Enumerable.Range(0, 20).Select(number => $"slow-{number}.{scene.Chain}.test").ToList();
        foreach (var name in slow)
            world.Names[name] = new DnsAnswer(0, TimeSpan.FromSeconds(5), world.NewHost());
        await scene.BeginAsync();

        foreach (var name in slow)
            await scene.RegisterBadAsync($"http://{name}:8545/");

        await Eventually.BeTrueAsync("all were asked for", () => Task.FromResult(slow.TrueForAll(name => world.Names.Questions(name) > 0)));
        await Task.Delay(2 * LongerThanManyLookups, TimeProvider.System, Cancellation);
        await scene.NobodyElseSufferedAsync();
    }

    [Fact]
    public async Task Fault_13_Name_that_rebinds_to_the_inside_is_refused_and_told_as_a_security_event()
    {
        await using var scene = await world.SceneAsync();
        var node = scene.AddNode($"{scene.Chain}-outside");
        var name = $"rebinding.{scene.Chain}.test";
        world.Names[name] = DnsAnswer.Of(IPAddress.Parse(node.Url.Host));
        var altruist = await scene.RegisterBadAsync($"http://{name}:{node.Url.Port}/");
        await scene.StateIsAsync(altruist, "healthy", "");
        await scene.BeginAsync();

        // At an address of its own the port of the node is free, and nobody else connects to it.
        var address = OwnAddress.Draw();
        using var inside = new TcpListener(address, node.Url.Port);
        inside.Start();
        // One good address does not make up for one of the inside.
        world.Names[name] = DnsAnswer.Of(IPAddress.Parse(node.Url.Host), address);
        await world.Simulated.CloseConnectionsAsync(Cancellation);
        await scene.StateIsAsync(altruist, "down", "leads to an address that may not be probed");
        world.Names[name] = DnsAnswer.Of(address);
        await Task.Delay(LongerThanManyLookups, TimeProvider.System, Cancellation);

        Assert.False(inside.Pending(), "somebody connected to the inside");
        var events = await Eventually.SeeAsync("the security event", () => Task.FromResult(
            world.Service.Output.Split('\n').Where(line => line.Contains("Security:", StringComparison.Ordinal) && line.Contains(altruist, StringComparison.Ordinal)).ToList() is { Count: > 0 } told ? told : null));
        Assert.Contains($"{address}", Assert.Single(events), StringComparison.Ordinal);
        var seen = await world.Service.GetAsync($"/api/v1/altruists/{altruist}");
        Assert.DoesNotContain($"{address}", seen["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        await scene.NobodyElseSufferedAsync();
    }

    [Fact]
    public async Task Fault_14_Node_that_accepts_and_says_nothing_ends_at_the_deadline()
    {
        await using var scene = await world.SceneAsync();
        var (altruist, node) = await scene.AddBadAsync("silent");
        using var hole = await BlackHole.OpenAsync(world.NewHost(), Cancellation);
        await scene.BeginAsync();

        node.Fault = Simulator.Faults.Silent;
        var lost = await scene.RegisterBadAsync($"http://{hole.Endpoint}/");

        await scene.StateIsAsync(altruist, "down", "no whole answer came in time");
        await scene.StateIsAsync(lost, "down", "the connection was not made in time");
        await scene.NobodyElseSufferedAsync();

        // Its place is free again.
        node.Heal();
        await scene.StateIsAsync(altruist, "healthy", "");
    }

    [Fact]
    public async Task Fault_15_Node_that_drips_ends_at_the_deadline()
    {
        await using var scene = await world.SceneAsync();
        var (altruist, node) = await scene.AddBadAsync("dripping");
        await scene.BeginAsync();

        node.Fault = Simulator.Faults.Dripping;

        await scene.StateIsAsync(altruist, "down", "no whole answer came in time");
        await scene.NobodyElseSufferedAsync();
        node.Heal();
        await scene.StateIsAsync(altruist, "healthy", "");
    }

    [Fact]
    public Task Fault_16_Body_of_a_gigabyte_is_cut_and_memory_stays_flat() => IsCutAsync(Simulator.Faults.HugeBody(), "the answer is larger than 2048 KB");

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public Task Fault_17_Compressed_bomb_leaves_memory_flat(string encoding) => IsCutAsync(Simulator.Faults.CompressedBomb(encoding: encoding), "the answer is larger than 2048 KB");

    [Fact]
    public Task Fault_18_Ten_megabytes_of_headers_are_a_bad_probe() => IsCutAsync(Simulator.Faults.HugeHeaders(), "the headers of the answer are larger than 64 KB");

    [Fact]
    public async Task Fault_19_Redirect_to_a_metadata_address_is_not_followed()
    {
        await using var scene = await world.SceneAsync();
        var (altruist, node) = await scene.AddBadAsync("redirecting");
        var (other, otherNode) = await scene.AddBadAsync("redirecting-nearby");
        // Even to a place that could be reached.
        using var target = new TcpListener(world.NewHost(), 0);
        target.Start();
        await scene.BeginAsync();

        node.Fault = Simulator.Faults.Redirect("http://169.254.169.254/latest/meta-data");
        otherNode.Fault = Simulator.Faults.Redirect($"http://{target.LocalEndpoint}/latest/meta-data");

        await scene.StateIsAsync(altruist, "down", "redirects are not followed");
        await scene.StateIsAsync(other, "down", "redirects are not followed");
        Assert.False(target.Pending(), "the redirect was followed");
        await scene.NobodyElseSufferedAsync();
    }

    [Fact]
    public async Task Fault_20_Answers_that_are_none_of_a_node_are_bad_probes_each_with_its_reason()
    {
        await using var scene = await world.SceneAsync();
        (string Name, Fault Fault, string Reason)[] cases =
        [
            ("deep", Simulator.Faults.DeepJson(), "nested too deep"),
            ("broken", Simulator.Faults.Body("""{"jsonrpc":"2.0","id":1,"result":{"number":}"""), "broken JSON"),
            ("html", Simulator.Faults.Html, "an HTML page"),
            ("wrong-id", Simulator.Faults.WrongId, "another id"),
            ("null-id", Simulator.Faults.NullId, "no id"),
            ("batch", Simulator.Faults.BatchForSingle, "a batch came back for a single question"),
        ];
        var bad = new List<(string Id, SimulatedNode Node, Fault Fault, string Reason)>();
        foreach (var (name, fault, reason) in cases)
        {
            var (id, node) = await scene.AddBadAsync(name);
            bad.Add((id, node, fault, reason));
        }

        await scene.BeginAsync();
        foreach (var (_, node, fault, _) in bad)
            node.Fault = fault;

        foreach (var (id, _, _, reason) in bad)
            await scene.StateIsAsync(id, "down", reason);
        await scene.NobodyElseSufferedAsync();
    }

    [Fact]
    public async Task Fault_21_Node_of_another_chain_is_out_at_once_and_its_provider_is_told()
    {
        await using var scene = await world.SceneAsync();
        var node = scene.AddNode($"{scene.Chain}-stranger");
        node.Fault = Simulator.Faults.WrongChain(1);
        await scene.BeginAsync();

        var altruist = await scene.RegisterBadAsync(node.Url.ToString());

        await scene.StateIsAsync(altruist, "wrong-chain", $"proves 1, not {scene.Identity}");
        var decisions = await world.Service.DecisionsAsync(scene.Chain, ChaosWorld.Region);
        Assert.DoesNotContain(decisions, decision => decision["result"]?["altruist"]?.GetValue<string>() == altruist);
        await scene.NobodyElseSufferedAsync();
    }

    [Fact]
    public async Task Fault_22_Node_whose_head_is_frozen_is_stale()
    {
        var (scene, altruist) = world.Frozen;

        // At least a minute without a new block.
        await scene.StateIsAsync(altruist, "stale", "its head has been at block", TimeSpan.FromMinutes(3));
        await scene.NobodyElseSufferedAsync();
    }

    [Fact]
    public async Task Fault_24_Certificate_that_is_not_valid_is_bad_and_says_why()
    {
        await using var scene = await world.SceneAsync();
        var expired = await RegisterSecureAsync("expired", host => world.Authority.Issue(host, TimeSpan.FromDays(-1)));
        var foreign = await RegisterSecureAsync("foreign", _ => world.Authority.Issue("somebody-else.test", TimeSpan.FromDays(60)));
        var unknown = await RegisterSecureAsync("unknown", world.Authority.SelfSigned);
        var fine = await RegisterSecureAsync("fine", host => world.Authority.Issue(host, TimeSpan.FromDays(60)));
        await scene.BeginAsync();

        await scene.StateIsAsync(fine, "healthy", "");
        await scene.StateIsAsync(expired, "down", "the certificate is valid only from");
        await scene.StateIsAsync(foreign, "down", "the certificate is for another host");
        await scene.StateIsAsync(unknown, "down", "the certificate is not trusted");
        Assert.NotEqual("unknown", (await world.Service.GetAsync($"/api/v1/altruists/{fine}"))["state"]!.GetValue<string>());
        await scene.NobodyElseSufferedAsync(fine);

        Task<string> RegisterSecureAsync(string name, Func<string, System.Security.Cryptography.X509Certificates.X509Certificate2> certificate)
        {
            var node = scene.AddNode($"{scene.Chain}-{name}");
            var host = $"{name}.{scene.Chain}.test";
            var address = world.NewHost();
            world.Names[host] = DnsAnswer.Of(address);
            return scene.RegisterBadAsync($"https://{host}:{world.Front(address, certificate(host), node)}/", "dusk");
        }
    }

    private async Task IsCutAsync(Fault fault, string reason)
    {
        await using var scene = await world.SceneAsync();
        var bad = new List<(string Id, SimulatedNode Node)>();
        for (var number = 0; number < 4; number++)
            bad.Add(await scene.AddBadAsync($"huge-{number}"));
        await scene.BeginAsync();
        var before = world.Service.ResidentBytes;
        var most = 0L;

        foreach (var (_, node) in bad)
            node.Fault = fault;
        foreach (var (id, _) in bad)
            await scene.StateIsAsync(id, "down", reason);
        for (var look = 0; look < 50; look++)
        {
            most = Math.Max(most, world.Service.ResidentBytes);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancellation);
        }

        Assert.True(most - before < 100_000_000, $"grew by {(most - before) >> 20} MB");
        await scene.NobodyElseSufferedAsync();
        foreach (var (_, node) in bad)
            node.Heal();
    }

    private static async Task AllAreHealthyAsync(Scene scene, IEnumerable<string> altruists)
    {
        foreach (var altruist in altruists)
            await scene.StateIsAsync(altruist, "healthy", "");
    }

    /// <param name="part">Of its words.</param>
    private Task AlarmIsAsync(string part) => Eventually.BeTrueAsync($"the alarm “{part}”", async () =>
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri(world.Service.Address, "/healthz/fresh"), Cancellation);
        var text = await answer.Content.ReadAsStringAsync(Cancellation);
        return answer.StatusCode == HttpStatusCode.ServiceUnavailable && text.Contains(part, StringComparison.Ordinal) ? true : throw new InvalidOperationException(text);
    });
}
