using System.Buffers;
using System.Text;
using AltruistManager.Selection;

namespace AltruistManager.Web.Api;

/// <param name="Bytes">One or more whole events; shared by every stream of the region.</param>
/// <param name="Generation">What a portal holds that has read them.</param>
internal readonly record struct StreamFrame(ReadOnlyMemory<byte> Bytes, long Generation);

/// <summary>
/// Server-sent events as bytes. The framework's <c>TypedResults.ServerSentEvents</c> formats each event anew for every connection; ten thousand portals
/// are told the same here, so it is formatted once.
/// </summary>
internal static class StreamEvents
{
    private static readonly byte[] Comment = ":\n\n"u8.ToArray();

    /// <summary>Says that the connection lives, and nothing else.</summary>
    public static StreamFrame Beat(long generation) => new(Comment, generation);

    public static StreamFrame Snapshot(Answer all)
    {
        var output = new ArrayBufferWriter<byte>(all.Body.Length + 64);
        Write(output, "snapshot"u8, all.Body.Span, all.Generation);
        return new StreamFrame(output.WrittenMemory, all.Generation);
    }

    /// <param name="changed">In the order of generations. Only the last of each generation carries it as its id, so that nobody resumes in the middle of one.</param>
    public static StreamFrame Selections(IReadOnlyList<Answer> changed)
    {
        var output = new ArrayBufferWriter<byte>(changed.Sum(answer => answer.Body.Length + 64));
        for (var i = 0; i < changed.Count; i++)
        {
            var isLast = i == changed.Count - 1 || changed[i + 1].Generation != changed[i].Generation;
            Write(output, "selection"u8, changed[i].Body.Span, isLast ? changed[i].Generation : null);
        }

        return new StreamFrame(output.WrittenMemory, changed[^1].Generation);
    }

    /// <summary>To be sent before the first event: how long to wait after the connection broke.</summary>
    public static byte[] Retry(TimeSpan wait) => Encoding.UTF8.GetBytes($"retry: {(int)wait.TotalMilliseconds}\n");

    /// <summary>The last thing a stream is told.</summary>
    /// <param name="forget">Whoever comes back must be told the whole: an empty id takes back the last one.</param>
    public static byte[] Farewell(string why, TimeSpan wait, bool forget) => Encoding.UTF8.GetBytes($": {why}\n{(forget ? "id:\n" : "")}retry: {(int)wait.TotalMilliseconds}\n\n");

    /// <param name="json">On one line.</param>
    public static void Write(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> name, ReadOnlySpan<byte> json, long? id)
    {
        output.Write("event: "u8);
        output.Write(name);
        output.Write("\ndata: "u8);
        output.Write(json);
        if (id is { } generation)
        {
            output.Write("\nid: "u8);
            generation.TryFormat(output.GetSpan(20), out var written);
            output.Advance(written);
        }

        output.Write("\n\n"u8);
    }
}
