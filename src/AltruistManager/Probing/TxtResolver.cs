using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace AltruistManager.Probing;

/// <summary>
/// Asks the system's resolvers for TXT records (RFC 1035), which the framework cannot. Only the answers' TXT records are read; names in them are skipped and
/// never followed.
/// </summary>
/// <param name="servers">Asked one after the other until one answers.</param>
internal sealed class TxtResolver(Func<IReadOnlyList<IPEndPoint>> servers, TimeProvider time)
{
    private const int HeaderBytes = 12;
    private const int MostBytes = 64 * 1024;
    private const int NameMissing = 3;
    private const ushort TypeTxt = 16;
    private const ushort ClassInternet = 1;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>As they are configured on this machine.</summary>
    public static IReadOnlyList<IPEndPoint> OfSystem() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces().Where(network => network.OperationalStatus is OperationalStatus.Up)
            .SelectMany(network => network.GetIPProperties().DnsAddresses).Distinct().Take(3).Select(address => new IPEndPoint(address, 53)),
    ];

    /// <returns>The records, each as one text; empty when the name has none.</returns>
    /// <exception cref="IOException">No resolver gave an answer.</exception>
    public async Task<IReadOnlyList<string>> FindAsync(string name, CancellationToken cancellation)
    {
        foreach (var server in servers())
        {
            using var patience = new CancellationTokenSource(Patience, time);
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
            try
            {
                if (Read(await AskAsync(server, Question(name), deadline.Token)) is { } records)
                    return records;
            }
            catch (Exception failed) when (failed is SocketException or IOException || (failed is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
                // The next one may do better.
            }
        }

        throw new IOException("no resolver gave an answer");
    }

    private static async Task<byte[]> AskAsync(IPEndPoint server, byte[] question, CancellationToken cancellation)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // Only what this resolver sends is received.
        await socket.ConnectAsync(server, cancellation);
        await socket.SendAsync(question, cancellation);
        var buffer = new byte[MostBytes];
        while (true)
        {
            var length = await socket.ReceiveAsync(buffer, cancellation);
            if (!IsAnswer(buffer.AsSpan(0, length), question))
                continue;
            var isTruncated = (buffer[2] & 2) != 0;
            return isTruncated ? await AskByTcpAsync(server, question, cancellation) : buffer[..length];
        }
    }

    private static async Task<byte[]> AskByTcpAsync(IPEndPoint server, byte[] question, CancellationToken cancellation)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server, cancellation);
        await using var stream = new NetworkStream(socket);
        var sent = new byte[question.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(sent, (ushort)question.Length);
        question.CopyTo(sent, 2);
        await stream.WriteAsync(sent, cancellation);
        var length = new byte[2];
        await stream.ReadExactlyAsync(length, cancellation);
        var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(answer, cancellation);
        return IsAnswer(answer, question) ? answer : throw new IOException("the resolver answered something else");
    }

    private static byte[] Question(string name)
    {
        using var question = new MemoryStream();
        var header = new byte[HeaderBytes];
        RandomNumberGenerator.Fill(header.AsSpan(0, 2));
        header[2] = 1; // recursion desired
        header[5] = 1; // one question
        question.Write(header);
        foreach (var label in name.TrimEnd('.').Split('.'))
        {
            question.WriteByte((byte)label.Length);
            question.Write(Encoding.ASCII.GetBytes(label));
        }

        question.Write([0, 0, (byte)TypeTxt, 0, (byte)ClassInternet]);
        return question.ToArray();
    }

    /// <summary>An answer to this very question: the same number, and the question repeated.</summary>
    private static bool IsAnswer(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> question) =>
        answer.Length >= question.Length && answer[..2].SequenceEqual(question[..2]) && (answer[2] & 0x80) != 0 && answer[5] == 1
        && Encoding.ASCII.GetString(answer[HeaderBytes..question.Length]).Equals(Encoding.ASCII.GetString(question[HeaderBytes..]), StringComparison.OrdinalIgnoreCase);

    /// <returns>Null when the resolver could not tell.</returns>
    private static List<string>? Read(ReadOnlySpan<byte> answer)
    {
        var code = answer[3] & 15;
        if (code == NameMissing)
            return [];
        if (code != 0)
            return null;

        try
        {
            var records = new List<string>();
            var at = AfterName(answer, HeaderBytes) + 4;
            for (var left = BinaryPrimitives.ReadUInt16BigEndian(answer[6..]); left > 0; left--)
            {
                at = AfterName(answer, at);
                var type = BinaryPrimitives.ReadUInt16BigEndian(answer[at..]);
                var length = BinaryPrimitives.ReadUInt16BigEndian(answer[(at + 8)..]);
                if (type == TypeTxt)
                    records.Add(Text(answer.Slice(at + 10, length)));
                at += 10 + length;
            }

            return records;
        }
        catch (ArgumentOutOfRangeException)
        {
            // Cut off, or never whole.
            return null;
        }
    }

    private static string Text(ReadOnlySpan<byte> data)
    {
        var text = new StringBuilder();
        while (data.Length > 0)
        {
            text.Append(Encoding.UTF8.GetString(data.Slice(1, data[0])));
            data = data[(1 + data[0])..];
        }

        return text.ToString();
    }

    private static int AfterName(ReadOnlySpan<byte> answer, int at)
    {
        while (true)
        {
            var length = answer.Slice(at, 1)[0];
            if (length == 0)
                return at + 1;
            if (length >= 0xc0)
                return at + 2;
            at += 1 + length;
        }
    }
}
