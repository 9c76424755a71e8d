using System.Net;
using System.Net.Sockets;
using System.Text;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Probing;
using AltruistManager.Tests.Accounts;
using AltruistManager.Tests.Altruists;
using AltruistManager.Tests.Storage;
using Microsoft.Extensions.Options;

namespace AltruistManager.Tests.Probing;

/// <summary>Control that is shown before the altruist is registered, with a real resolver to ask.</summary>
public sealed class ControlProverTests(SqliteFixture fixture) : IClassFixture<SqliteFixture>
{
    private static readonly Actor Acme = Actors.AdminOf("acme");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Record_that_is_shown_before_it_is_registered_makes_the_altruist_attested_from_its_first_moment()
    {
        var world = await RegistryWorld.NewAsync(fixture);
        using var records = new Records();
        using var http = new GuardedHttp(new NameResolver(_ => throw new SocketException((int)SocketError.HostNotFound)), new EgressProof(TimeProvider.System), Options.Create(new ProbingOptions()), TimeProvider.System);
        var prover = new ControlProver(
            http, new TxtResolver(() => [records.EndPoint], new ManualTime()), world.Control, world.Altruists, world.Rosters, world.Refusals, Options.Create(new ProbingOptions()), TimeProvider.System);

        var shown = await DoneAsync(prover.StartNewAsync(Acme, RegistryWorld.Draft, new FieldErrors(), Cancellation));
        var place = Assert.Single(shown.Places);
        Assert.Equal(("eth1.acme.example", "_altruist-manager.eth1.acme.example"), (place.Host, place.DnsName));
        Assert.StartsWith("https://eth1.acme.example/.well-known/altruist-manager/", place.FileUrl, StringComparison.Ordinal);
        var looked = await DoneAsync(prover.CheckNewAsync(Acme, RegistryWorld.Draft, new FieldErrors(), Cancellation));
        Assert.Equal(("there is no such record", false), (looked.Places[0].Dns, looked.Altruist.Attested));

        records.Text = shown.Challenge!.Answer;
        // What is shown for one provider is not what another one has to show.
        var other = Actors.AdminOf("other");
        Assert.False((await DoneAsync(prover.CheckNewAsync(other, RegistryWorld.Draft with { Provider = "other" }, new FieldErrors(), Cancellation))).Altruist.Attested);
        var proven = await DoneAsync(prover.CheckNewAsync(Acme, RegistryWorld.Draft, new FieldErrors(), Cancellation));
        Assert.Equal((true, null, "control is proven by DNS"), (proven.Altruist.Attested, proven.Challenge, proven.Reason));
        Assert.Null((await DoneAsync(prover.StartNewAsync(Acme, RegistryWorld.Draft, new FieldErrors(), Cancellation))).Challenge);

        Assert.False(RegistryWorld.Done(await world.AddAsync(RegistryWorld.Draft with { Provider = "other" }, other)).Attested);
        var made = RegistryWorld.Done(await world.AddAsync(actor: Acme));
        Assert.Equal((true, ControlProof.Dns), (made.Attested, made.ControlBy));
    }

    private static async Task<ControlReport> DoneAsync(Task<Registered<ControlReport>> asked) => RegistryWorld.Done(await asked.WaitAsync(Wait.Patience, Cancellation));

    /// <summary>A resolver that has one TXT record, whatever it is asked for.</summary>
    private sealed class Records : IDisposable
    {
        private readonly Socket udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

        public Records()
        {
            udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            _ = ServeAsync();
        }

        public IPEndPoint EndPoint => (IPEndPoint)udp.LocalEndPoint!;

        /// <summary>Null while there is none.</summary>
        public string? Text { get; set; }

        public void Dispose() => udp.Dispose();

        private async Task ServeAsync()
        {
            var buffer = new byte[1024];
            while (true)
            {
                var received = await udp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), Cancellation);
                var question = buffer[..received.ReceivedBytes];
                byte[] text = Text is { } said ? [(byte)said.Length, .. Encoding.ASCII.GetBytes(said)] : [];
                byte[] answer =
                [
                    question[0], question[1], 0x81, (byte)(Text is null ? 0x83 : 0x80), 0, 1, 0, (byte)(Text is null ? 0 : 1), 0, 0, 0, 0, .. question[12..],
                    .. (Text is null ? [] : (byte[])[0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, (byte)text.Length, .. text]),
                ];
                await udp.SendToAsync(answer, received.RemoteEndPoint, Cancellation);
            }
        }
    }
}
