using System.Net;
using System.Net.Sockets;
using AltruistManager.Probing;

namespace AltruistManager.Tests.Probing;

/// <summary>TXT records from resolvers that answer well, badly, late and never.</summary>
public sealed class TxtResolverTests
{
    private static readonly byte[] Name = [3, (byte)'t', (byte)'x', (byte)'t', 4, (byte)'a', (byte)'c', (byte)'m', (byte)'e', 0];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Records_are_read_whole_beside_others()
    {
        using var server = new Server(question => Answer(question, 0, (5, [0]), (16, [3, (byte)'o', (byte)'n', (byte)'e', 4, (byte)' ', (byte)'t', (byte)'w', (byte)'o']), (16, [1, (byte)'x'])));
        Assert.Equal(["one two", "x"], await AskAsync(server));
    }

    [Fact]
    public async Task Name_that_does_not_exist_has_none()
    {
        using var server = new Server(question => Answer(question, 3));
        Assert.Empty(await AskAsync(server));
    }

    [Fact]
    public async Task Answer_to_another_question_is_passed_over()
    {
        using var server = new Server(
            question => Changed(Answer(question, 0, (16, [4, (byte)'e', (byte)'v', (byte)'i', (byte)'l'])), at: 0),
            question => Changed(Answer(question, 0, (16, [4, (byte)'e', (byte)'v', (byte)'i', (byte)'l'])), at: 14),
            question => Answer(question, 0, (16, [4, (byte)'g', (byte)'o', (byte)'o', (byte)'d'])));
        Assert.Equal(["good"], await AskAsync(server));
    }

    [Fact]
    public async Task Answer_that_is_cut_off_is_fetched_whole()
    {
        using var server = new Server(question => Changed(Answer(question, 0), at: 2, with: 0x82)) { ByTcp = question => Answer(question, 0, (16, [4, (byte)'l', (byte)'o', (byte)'n', (byte)'g'])) };
        Assert.Equal(["long"], await AskAsync(server));
    }

    [Fact]
    public async Task Resolver_that_fails_or_lies_is_followed_by_the_next_and_none_is_told()
    {
        using var failing = new Server(question => Answer(question, 2));
        using var broken = new Server(question => Answer(question, 0, (16, [200, (byte)'x'])));
        using var good = new Server(question => Answer(question, 0, (16, [4, (byte)'g', (byte)'o', (byte)'o', (byte)'d'])));
        Assert.Equal(["good"], await AskAsync(failing.EndPoint, broken.EndPoint, good.EndPoint));
        await Assert.ThrowsAsync<IOException>(() => AskAsync(failing.EndPoint, broken.EndPoint));
        await Assert.ThrowsAsync<IOException>(() => AskAsync());
    }

    private static Task<IReadOnlyList<string>> AskAsync(Server server) => AskAsync(server.EndPoint);

    private static Task<IReadOnlyList<string>> AskAsync(params IReadOnlyList<IPEndPoint> resolvers) =>
        new TxtResolver(() => resolvers, new ManualTime()).FindAsync("txt.acme", Cancellation).WaitAsync(Wait.Patience, Cancellation);

    private static byte[] Answer(ReadOnlySpan<byte> question, byte code, params (byte Type, byte[] Data)[] records)
    {
        var answer = new List<byte> { question[0], question[1], 0x81, (byte)(0x80 | code), 0, 1, 0, (byte)records.Length, 0, 0, 0, 0 };
        answer.AddRange(question[12..]);
        foreach (var (type, data) in records)
            answer.AddRange([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, (byte)data.Length, .. data]);
        return [.. answer];
    }

    private static byte[] Changed(byte[] answer, int at, byte? with = null)
    {
        answer[at] = with ?? (byte)(answer[at] ^ 0x5a);
        return answer;
    }

    /// <summary>Sends all its answers to each question.</summary>
    private sealed class Server : IDisposable
    {
        private readonly Socket udp;
        private readonly TcpListener tcp;

        public Server(params Func<byte[], byte[]>[] answers)
        {
            (udp, tcp) = Bind();
            _ = ServeAsync(answers);
            _ = ServeByTcpAsync();
        }

        public IPEndPoint EndPoint => (IPEndPoint)udp.LocalEndPoint!;

        public Func<byte[], byte[]>? ByTcp { get; init; }

        public void Dispose()
        {
            udp.Dispose();
            tcp.Dispose();
        }

        /// <summary>A port that is free for both: somebody else may have the one that the system gives for the first.</summary>
        private static (Socket Udp, TcpListener Tcp) Bind()
        {
            while (true)
            {
                var datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
                datagrams.Bind(new IPEndPoint(IPAddress.Loopback, 0));
                var streams = new TcpListener((IPEndPoint)datagrams.LocalEndPoint!);
                try
                {
                    streams.Start();
                    return (datagrams, streams);
                }
                catch (SocketException taken) when (taken.SocketErrorCode is SocketError.AddressAlreadyInUse)
                {
                    datagrams.Dispose();
                    streams.Dispose();
                }
            }
        }

        private async Task ServeAsync(Func<byte[], byte[]>[] answers)
        {
            var buffer = new byte[1024];
            while (true)
            {
                var received = await udp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), Cancellation);
                var question = buffer[..received.ReceivedBytes];
                Assert.Equal([.. Name, 0, 16, 0, 1], question[12..]);
                foreach (var answer in answers)
                    await udp.SendToAsync(answer(question), received.RemoteEndPoint, Cancellation);
            }
        }

        private async Task ServeByTcpAsync()
        {
            using var client = await tcp.AcceptTcpClientAsync(Cancellation);
            var stream = client.GetStream();
            var length = new byte[2];
            await stream.ReadExactlyAsync(length, Cancellation);
            var question = new byte[length[1]];
            await stream.ReadExactlyAsync(question, Cancellation);
            var answer = ByTcp!(question);
            await stream.WriteAsync(new byte[] { 0, (byte)answer.Length }.Concat(answer).ToArray(), Cancellation);
        }
    }
}
