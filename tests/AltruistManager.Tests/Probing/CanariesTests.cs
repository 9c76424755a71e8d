using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using AltruistManager.Probing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AltruistManager.Tests.Probing;

/// <summary>How proof is looked for when our own network is in doubt (design 5.4).</summary>
public sealed class CanariesTests : IDisposable
{
    private readonly ConcurrentQueue<string> lookedUp = new();
    private readonly EgressProof egress = new(TimeProvider.System);
    private readonly ProbeWork work = new(NullLogger<ProbeWork>.Instance);
    private readonly LaneTests.ChosenDemand demand = new();
    private readonly NameResolver resolver;
    private readonly ManualTime time = new();

    public CanariesTests() => resolver = new NameResolver(host =>
    {
        lookedUp.Enqueue(host);
        return host.StartsWith("dead", StringComparison.Ordinal) ? throw new SocketException((int)SocketError.TryAgain) : [IPAddress.Parse("93.184.216.34")];
    });

    public void Dispose()
    {
        work.Dispose();
        resolver.Dispose();
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")]
    public async Task Any_answer_of_a_canary_is_proof(string answer)
    {
        await using var canary = TestNode.Http(answer);
        using var http = Http(canary.Url);
        await Canaries(http, canary.Url).AskAsync();
        Assert.Equal(1, canary.Requests);
        Assert.NotNull(egress.Age(EgressSide.Private));
    }

    [Fact]
    public async Task A_canary_that_says_nothing_ends_with_its_own_deadline_and_is_no_answer()
    {
        await using var deaf = new TestNode(exchange => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, exchange.Cancellation));
        using var http = Http(deaf.Url);
        var asking = Canaries(http, deaf.Url).AskAsync();
        await deaf.UntilAskedAsync();
        time.Advance(TimeSpan.FromSeconds(5));
        await asking.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        // The handshake itself is proof, here on loopback.
        Assert.Null(egress.Age(EgressSide.Public));
    }

    [Fact]
    public async Task Names_that_were_found_before_are_looked_up_again()
    {
        egress.Found("good.example", [IPAddress.Parse("93.184.216.34")]);
        egress.NotFound("dead.example");
        using var http = Http();
        Assert.False(egress.OthersResolve("dead.example"));
        await Canaries(http).AskAsync();
        Assert.Equal(["good.example"], lookedUp);
        Assert.True(egress.OthersResolve("dead.example"));
    }

    [Fact]
    public async Task Nobody_is_asked_while_nothing_is_in_doubt()
    {
        await using var canary = TestNode.Http("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        using var http = Http(canary.Url);
        var canaries = Canaries(http, canary.Url);
        canaries.Tick();
        await work.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, canary.Requests);
    }

    private GuardedHttp Http(params string[] canaries) => new(resolver, egress, Options.Create(OptionsOf(canaries)), TimeProvider.System);

    private Canaries Canaries(GuardedHttp http, params string[] canaries) => new(http, egress, demand, work, Options.Create(OptionsOf(canaries)), time);

    private static ProbingOptions OptionsOf(string[] canaries) =>
        new() { AllowHttp = true, AllowedPrivateNetworks = ["127.0.0.0/8"], Canaries = canaries, Timeout = TimeSpan.FromSeconds(5) };
}
