using System.Net;
using System.Net.Sockets;
using AltruistManager.Probing;

namespace AltruistManager.Tests.Probing;

/// <summary>What proves that our own network and our resolver work (design 5.4).</summary>
public sealed class EgressProofTests : IDisposable
{
    private static readonly IPAddress PublicAddress = IPAddress.Parse("93.184.216.34");

    private readonly ProbeBench bench = new();
    private readonly Clock clock = new();
    private readonly EgressProof egress;

    public EgressProofTests() => egress = new EgressProof(clock);

    public void Dispose() => bench.Dispose();

    [Fact]
    public async Task A_handshake_proves_the_side_it_was_made_on_and_only_that()
    {
        await using var node = TestNode.Evm(() => 1);
        Assert.Null(bench.Egress.Age(EgressSide.Private));
        await bench.ProbeAsync(node.Url);
        Assert.NotNull(bench.Egress.Age(EgressSide.Private));
        Assert.Null(bench.Egress.Age(EgressSide.Public));
    }

    [Fact]
    public async Task A_refusal_is_proof_too()
    {
        using var unused = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        unused.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await bench.ProbeAsync($"http://127.0.0.1:{((IPEndPoint)unused.LocalEndPoint!).Port}");
        Assert.NotNull(bench.Egress.Age(EgressSide.Private));
    }

    [Fact]
    public async Task A_name_that_is_not_found_proves_nothing_of_the_network()
    {
        using var broken = new ProbeBench(_ => throw new SocketException((int)SocketError.HostNotFound));
        await broken.ProbeAsync("https://node.test");
        Assert.Null(broken.Egress.Age(EgressSide.Public));
    }

    [Fact]
    public void A_proof_grows_old_by_the_monotonic_clock()
    {
        egress.Reached(PublicAddress);
        clock.Advance(TimeSpan.FromSeconds(7));
        Assert.Equal(TimeSpan.FromSeconds(7), egress.Age(EgressSide.Public));
        egress.Answered("93.184.216.34");
        Assert.Equal(TimeSpan.Zero, egress.Age(EgressSide.Public));
    }

    [Fact]
    public void An_answer_on_an_open_connection_proves_the_side_its_name_leads_to()
    {
        egress.Found("node.inside.example", [IPAddress.Parse("10.1.2.3")]);
        egress.Answered("node.inside.example");
        Assert.Equal(EgressSide.Private, egress.SideOf("node.inside.example"));
        Assert.Null(egress.Age(EgressSide.Public));
        Assert.NotNull(egress.Age(EgressSide.Private));
        Assert.Equal(EgressSide.Public, egress.SideOf("never-asked.example"));
        Assert.Equal(EgressSide.Private, egress.SideOf("[::1]"));
    }

    [Fact]
    public void One_name_that_is_not_found_while_others_are_is_its_own_fault()
    {
        egress.Found("a.example", [PublicAddress]);
        clock.Advance(TimeSpan.FromSeconds(1));
        egress.NotFound("b.example");
        Assert.False(egress.OthersResolve("b.example"), "what was found before says nothing of now");
        clock.Advance(TimeSpan.FromSeconds(1));
        egress.Found("a.example", [PublicAddress]);
        Assert.True(egress.OthersResolve("b.example"));
        Assert.False(egress.OthersResolve("a.example"));
        egress.Found("b.example", [PublicAddress]);
        Assert.False(egress.OthersResolve("b.example"));
    }

    [Fact]
    public void A_cache_that_still_knows_one_name_does_not_make_a_dead_resolver_the_fault_of_the_others()
    {
        egress.NotFound("b.example");
        egress.Found("cached.example", [PublicAddress]);
        egress.NotFound("c.example");
        egress.NotFound("d.example");
        Assert.False(egress.OthersResolve("b.example"));
    }

    [Fact]
    public void A_provider_that_lost_its_name_servers_is_to_blame_however_many_of_the_names_are_its_own()
    {
        foreach (var number in Enumerable.Range(0, 20))
            egress.NotFound($"node{number}.big.example");
        clock.Advance(TimeSpan.FromSeconds(1));
        egress.Found("node.other.example.org", [PublicAddress]);
        Assert.True(egress.OthersResolve("node7.big.example"));
    }

    [Fact]
    public void Lost_domains_are_to_blame_in_the_end_when_a_few_others_go_on_to_be_found()
    {
        string[] lost = [.. Enumerable.Range(0, 10).Select(number => $"node.lost{number}.example")];
        string[] well = ["node.one.example", "node.two.test", "node.three.test"];
        for (var minute = 0; minute <= 10; minute++)
        {
            Assert.All(lost, egress.NotFound);
            Assert.All(well, name => egress.Found(name, [PublicAddress]));
            Assert.Equal(minute >= 10, egress.OthersResolve(lost[0]));
            clock.Advance(TimeSpan.FromMinutes(1));
        }

        clock.Advance(TimeSpan.FromMinutes(10));
        Assert.False(egress.OthersResolve(lost[0]), "what was found long ago says nothing");
    }

    [Fact]
    public void A_name_of_this_machine_says_nothing_of_the_resolver()
    {
        egress.NotFound("node.example");
        egress.Found("localhost", [IPAddress.Loopback]);
        egress.SaidMissing("printer");
        Assert.False(egress.OthersResolve("node.example"));
        egress.SaidMissing("missing.example");
        Assert.True(egress.OthersResolve("node.example"));
    }

    private sealed class Clock : TimeProvider
    {
        private TimeSpan now = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => now.Ticks;

        public void Advance(TimeSpan time) => now += time;
    }
}
