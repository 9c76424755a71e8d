using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AltruistManager.Simulator.Chaos;

/// <summary>What the server answers for a name. Nothing is to be remembered by whoever asks (TTL 0).</summary>
/// <param name="Delay">Before it answers.</param>
/// <param name="Addresses">Of both families; empty together with a code of 0 is a name without addresses.</param>
/// <param name="Code">0 is fine, 2 is SERVFAIL, 3 is NXDOMAIN, -1 is no answer at all.</param>
public sealed record DnsAnswer(int Code, TimeSpan Delay, params IReadOnlyList<IPAddress> Addresses)
{
    public static readonly DnsAnswer Missing = new(3, TimeSpan.Zero);
    public static readonly DnsAnswer Failing = new(2, TimeSpan.Zero);
    public static readonly DnsAnswer Silence = new(-1, TimeSpan.Zero);

    public static DnsAnswer Of(params IReadOnlyList<IPAddress> addresses) => new(0, TimeSpan.Zero, addresses);
}

/// <summary>A name server over UDP whose answers may change at any time. Whoever is not known does not exist.</summary>
public sealed class DnsServer : IAsyncDisposable
{
    private const int HeaderLength = 12;
    private const int TypeA = 1;
    private const int TypeAaaa = 28;

    private readonly Socket socket;
    private readonly TimeProvider clock;
    private readonly ConcurrentDictionary<string, DnsAnswer> answers = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, int> questions = new(StringComparer.OrdinalIgnoreCase);
    private readonly CancellationTokenSource ending = new();
    private readonly Task serving;
    private volatile bool isDown;

    /// <param name="address">One of loopback. The resolvers of operating systems ask port 53, which takes root.</param>
    public DnsServer(IPAddress address, int port, TimeProvider clock)
    {
        this.clock = clock;
        socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(address, port));
        serving = ServeAsync();
    }

    public IPEndPoint Endpoint => (IPEndPoint)socket.LocalEndPoint!;

    /// <summary>Answers nobody any more.</summary>
    public bool IsDown
    {
        get => isDown;
        set => isDown = value;
    }

    public DnsAnswer this[string name]
    {
        set => answers[name] = value;
    }

    /// <summary>How often a name was asked for, of each family.</summary>
    public int Questions(string name) => questions.GetValueOrDefault(name);

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await serving;
        socket.Dispose();
        ending.Dispose();
    }

    private async Task ServeAsync()
    {
        var buffer = new byte[1500];
        try
        {
            while (true)
            {
                var asked = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), ending.Token);
                _ = AnswerAsync(buffer.AsSpan(0, asked.ReceivedBytes).ToArray(), asked.RemoteEndPoint);
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private async Task AnswerAsync(byte[] question, EndPoint asker)
    {
        if (isDown || Read(question) is not var (name, type, length))
            return;
        questions.AddOrUpdate(name, 1, (_, count) => count + 1);
        var answer = answers.GetValueOrDefault(name, DnsAnswer.Missing);
        if (answer.Code < 0)
            return;
        try
        {
            if (answer.Delay > TimeSpan.Zero)
                await Task.Delay(answer.Delay, clock, ending.Token);
            if (!isDown)
                await socket.SendToAsync(Write(question.AsSpan(0, length), type, answer), asker, ending.Token);
        }
        catch (Exception gone) when (gone is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end, or nobody waits any more.
        }
    }

    /// <returns>Name, type and the length of header and question; null for what is no question.</returns>
    private static (string Name, int Type, int Length)? Read(byte[] message)
    {
        if (message.Length < HeaderLength)
            return null;
        var name = new StringBuilder();
        var at = HeaderLength;
        while (at < message.Length && message[at] != 0)
        {
            var label = message[at];
            if (at + label + 1 >= message.Length)
                return null;
            name.Append(name.Length == 0 ? "" : ".").Append(Encoding.ASCII.GetString(message, at + 1, label));
            at += label + 1;
        }

        return at + 5 > message.Length ? null : (name.ToString(), BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(at + 1)), at + 5);
    }

    private static byte[] Write(ReadOnlySpan<byte> question, int type, DnsAnswer answer)
    {
        var family = type switch
        {
            TypeA => AddressFamily.InterNetwork,
            TypeAaaa => AddressFamily.InterNetworkV6,
            _ => AddressFamily.Unspecified,
        };
        var addresses = answer.Code == 0 ? answer.Addresses.Where(address => address.AddressFamily == family).ToList() : [];
        var message = new List<byte>(question.ToArray());
        // An answer, recursion asked for and available, no additional records.
        message[2] = 0x81;
        message[3] = (byte)(0x80 | answer.Code);
        message[6] = 0;
        message[7] = (byte)addresses.Count;
        message[8] = message[9] = message[10] = message[11] = 0;
        foreach (var address in addresses)
        {
            var bytes = address.GetAddressBytes();
            // The name of the question, class IN, TTL 0.
            message.AddRange([0xC0, HeaderLength, 0, (byte)type, 0, 1, 0, 0, 0, 0, 0, (byte)bytes.Length]);
            message.AddRange(bytes);
        }

        return [.. message];
    }
}
