using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using AltruistManager.Selection;

namespace AltruistManager.Transparency;

/// <summary>
/// Replays a log entry by entry, oldest first, with the code that decides and with the code that a start restores its state by, so that a new format or rule needs
/// nothing here. Finds the first difference; pure.
/// </summary>
internal sealed class LogVerifier : IDisposable
{
    private static readonly string NoHash = new('0', 2 * SHA256.HashSizeInBytes);

    private readonly IReadOnlyList<LogKey> keys;
    private readonly Dictionary<LogKey, ECDsa?> opened = [];
    private readonly bool mayBeginLate;
    private string? origin;
    private LogHeader? previous;
    private SelectionBook book = NewBook();

    /// <summary>Whether the book knows every slot: from the beginning of the log on, or after a round.</summary>
    private bool knowsAll;

    /// <summary>Whether the body of the entry before was replayed.</summary>
    private bool followsOn;

    /// <param name="origin">Null: that of the first entry.</param>
    /// <param name="keys">Oldest first.</param>
    /// <param name="mayBeginLate">The first entry need not be the first of the log.</param>
    public LogVerifier(string? origin, IReadOnlyList<LogKey> keys, bool mayBeginLate)
    {
        this.origin = origin;
        this.keys = keys;
        this.mayBeginLate = mayBeginLate;
    }

    /// <summary>The first entry that was replayed, since when none was found that is no longer kept.</summary>
    public LogHeader? FirstKept { get; private set; }

    /// <summary>How many entries were only checked by their header, because their body is no longer kept.</summary>
    public int Forgotten { get; private set; }

    public int Replayed { get; private set; }

    public long Decisions { get; private set; }

    public LogHeader? First { get; private set; }

    public LogHeader? Last => previous;

    /// <summary>What was checked last; null where its body is not kept.</summary>
    public Entry? Entry { get; private set; }

    /// <summary>Whether entries before the first one were not there to be checked.</summary>
    public bool BeganLate { get; private set; }

    /// <summary>Starts behind this entry, which is taken as it is.</summary>
    public void BeginAfter(LogHeader header)
    {
        origin ??= header.Origin;
        previous = header;
    }

    /// <summary>Whether an entry without a body would be a gap: bodies are forgotten from the oldest on.</summary>
    public bool Expects(StoredEntry stored) => !stored.IsKept && FirstKept is not null;

    /// <summary>What was replayed so far was forgotten meanwhile.</summary>
    public void Forget()
    {
        FirstKept = null;
        knowsAll = false;
        followsOn = false;
        book = NewBook();
    }

    /// <returns>The first difference; null when the entry is what it should be.</returns>
    public LogDifference? Check(StoredEntry stored)
    {
        var header = stored.Header;
        First ??= header;
        origin ??= header.Origin;
        var isFirst = previous is null;
        if (isFirst)
            BeganLate = header.PreviousHash != NoHash;
        Entry? entry = null;
        var difference = CheckChain(stored, out var body) ?? CheckKept(stored, body, ref entry) ?? CheckSignature(header) ?? CheckRound(header);
        if (difference is null && entry is not null)
            difference = Replay(header, body!, entry, beginsLog: isFirst && header.PreviousHash == NoHash);
        if (difference is null)
        {
            Entry = entry;
            if (body is null)
            {
                Forgotten++;
                followsOn = false;
            }

            previous = header;
        }

        return difference;
    }

    public void Dispose()
    {
        foreach (var key in opened.Values)
            key?.Dispose();
    }

    private LogDifference? CheckChain(StoredEntry stored, out byte[]? body)
    {
        var header = stored.Header;
        body = stored.Body;
        if (header.Origin != origin)
            return new LogDifference(header.Generation, "origin", origin!, header.Origin);
        if (keys.FirstOrDefault(key => key.Origin != origin) is { } foreign)
            return new LogDifference(null, $"origin (log_keys, from {foreign.FromGeneration})", origin!, foreign.Origin);
        if (previous is not null && header.Generation <= previous.Generation)
            return new LogDifference(header.Generation, "generation", $"more than {previous.Generation}", Text(header.Generation));
        var before = previous?.Hash ?? (mayBeginLate ? header.PreviousHash : NoHash);
        if (header.PreviousHash != before)
            return new LogDifference(header.Generation, "previous_hash", previous is null ? $"{before}, for the first entry of the log" : $"{before}, the hash of entry {previous.Generation}", header.PreviousHash);

        string? damage = null;
        if (stored.Compressed is { } compressed)
        {
            try
            {
                body = EntryLog.Decompress(compressed);
            }
            catch (Exception damaged) when (EntryLog.IsDamage(damaged))
            {
                damage = damaged.Message;
            }
        }

        var found = body is null ? null : Convert.ToHexStringLower(SHA256.HashData(body));
        if (HashOf(header.PreviousHash, header.BodyHash) != header.Hash)
        {
            // One of the two was changed: the body, where there is one, says which.
            return found is not null && found != header.BodyHash && HashOf(header.PreviousHash, found) == header.Hash
                ? new LogDifference(header.Generation, "body_hash", found, header.BodyHash)
                : new LogDifference(header.Generation, found is null ? "hash or body_hash" : "hash", HashOf(header.PreviousHash, header.BodyHash), header.Hash);
        }

        if (damage is not null)
            return new LogDifference(header.Generation, "body", "bytes in Brotli", damage);
        return found is not null && found != header.BodyHash
            ? new LogDifference(header.Generation, "body", $"bytes with the hash {header.BodyHash}", $"some with {found}")
            : null;
    }

    private static LogDifference? CheckKept(StoredEntry stored, byte[]? body, ref Entry? entry)
    {
        var header = stored.Header;
        if (body is null)
        {
            return stored.Decisions is [var orphan, ..]
                ? new LogDifference(header.Generation, "generation (log_decisions)", "no decision of an entry whose body is no longer kept", $"the decision {orphan.Ordinal}")
                : null;
        }

        try
        {
            entry = CanonicalEntry.Read(body);
        }
        catch (Exception damaged) when (EntryLog.IsDamage(damaged))
        {
            return new LogDifference(header.Generation, "body", "an entry", damaged.Message);
        }

        return Column(header, "generation", Text(entry.Generation), Text(header.Generation))
            ?? Column(header, "origin", entry.Origin, header.Origin)
            ?? Column(header, "trigger", CanonicalEntry.Name(entry.Trigger), header.Trigger)
            ?? Column(header, "round", Text(entry.Round), Text(header.Round))
            ?? Column(header, "is_round", entry.IsRound ? "true" : "false", header.IsRound ? "true" : "false")
            ?? Column(header, "scheduled_at", Text(entry.ScheduledAt.ToUnixTimeMilliseconds()), Text(header.ScheduledAt))
            ?? Column(header, "at", Text(entry.At.ToUnixTimeMilliseconds()), Text(header.At))
            ?? CheckDecisions(header, entry, stored.Decisions);
    }

    private static LogDifference? Column(LogHeader header, string name, string expected, string found) =>
        expected == found ? null : new LogDifference(header.Generation, name, $"{expected}, as its body says", found);

    private static LogDifference? CheckDecisions(LogHeader header, Entry entry, IReadOnlyList<DecidedSlot>? decisions)
    {
        for (var i = 0; decisions is not null && i < Math.Max(decisions.Count, entry.Slots.Count); i++)
        {
            if (i >= decisions.Count)
                return new LogDifference(header.Generation, "generation (log_decisions)", $"a decision {i} for {entry.Slots[i].Question.Key}", "none");
            var row = decisions[i];
            if (i >= entry.Slots.Count || row.Ordinal != i)
                return new LogDifference(header.Generation, "ordinal (log_decisions)", i >= entry.Slots.Count ? $"{entry.Slots.Count} decisions" : Text(i), Text(row.Ordinal));
            var key = entry.Slots[i].Question.Key;
            if (row.ChainId != key.Chain.Value || row.RegionId != key.Region.Value)
                return new LogDifference(header.Generation, $"slot_id (log_decisions, ordinal {i})", key.ToString(), $"{row.ChainId}/{row.RegionId}");
        }

        return null;
    }

    private LogDifference? CheckSignature(LogHeader header)
    {
        var key = LogKey.Of(keys, header.Generation);
        // A key's range begins with an entry.
        var since = previous?.Generation ?? (BeganLate ? header.Generation - 1 : long.MinValue);
        if (keys.FirstOrDefault(other => other.FromGeneration > since && other.FromGeneration < header.Generation) is { } early)
            return new LogDifference(header.Generation, "from_generation (log_keys)", "the generation of an entry", Text(early.FromGeneration));
        if (key is null)
        {
            return header.Signature is null
                ? null
                : new LogDifference(header.Generation, "from_generation (log_keys)", "a key that signs it", keys.Count == 0 ? "no key" : $"the first key from {keys[0].FromGeneration} on");
        }

        if (Open(key) is not { } open)
            return new LogDifference(header.Generation, $"public_key (log_keys, from {key.FromGeneration})", "a P-256 key in base64", key.PublicKey);
        if (header.Signature is null)
            return new LogDifference(header.Generation, "signature", $"one of the key {key.Id}", "none");
        if (LogKey.IsSigned(open, header))
            return null;
        if (keys.Any(other => other != key && Open(other) is { } another && LogKey.IsSigned(another, header)))
            return new LogDifference(header.Generation, "from_generation (log_keys)", "that of the key that signed it", Text(key.FromGeneration));
        return new LogDifference(
            header.Generation, "signature", $"one of the key {key.Id} over origin, generation, trigger, round, is_round, scheduled_at, at and the hashes", $"{header.Signature}, which does not fit");
    }

    private LogDifference? CheckRound(LogHeader header)
    {
        if (previous is null && (mayBeginLate && header.PreviousHash != NoHash))
            return null;
        var expected = (previous?.Round ?? 0) + (header.IsRound ? 1 : 0);
        return header.Round == expected ? null : new LogDifference(header.Generation, "round", Text(expected), Text(header.Round));
    }

    private LogDifference? Replay(LogHeader header, byte[] body, Entry entry, bool beginsLog)
    {
        knowsAll |= beginsLog;
        followsOn |= beginsLog;
        try
        {
            // An older form may say less and hide the rest: whoever publishes goes on in the form and by the rules that it began with.
            if (Continuity.CheckVersions(header, entry, Entry) is { } older)
                return older;
            var rewritten = Write(entry);
            if (entry.Format >= CanonicalEntry.OldestRewritten && FirstDifference(header, body, rewritten) is { } shape)
                return shape;

            // Decided anew into the same entry: whatever the rules give is written where the stored result stood.
            var facts = Array.ConvertAll(entry.Altruists, altruist => altruist.Facts);
            foreach (var slot in entry.Slots)
                Selector.Decide(slot.Question, facts, entry.Rules, slot.Outcome);
            if (FirstDifference(header, rewritten, Write(entry)) is { } other)
                return other;
            if (Continuity.Check(header, entry, book, followsOn ? previous : null, beginsLog, knowsAll) is { } gap)
                return gap;
            book.Restore(entry);
        }
        catch (Exception damaged) when (EntryLog.IsDamage(damaged))
        {
            return new LogDifference(header.Generation, "body", "an entry that can be replayed", damaged.Message);
        }

        FirstKept ??= header;
        knowsAll |= entry.IsRound;
        followsOn = true;
        Replayed++;
        Decisions += entry.Slots.Count;
        return null;
    }

    private static byte[] Write(Entry entry)
    {
        var output = new ArrayBufferWriter<byte>(4096 + 256 * entry.Slots.Count);
        CanonicalEntry.Write(output, entry);
        return output.WrittenSpan.ToArray();
    }

    private static LogDifference? FirstDifference(LogHeader header, byte[] stored, byte[] replayed)
    {
        if (stored.AsSpan().SequenceEqual(replayed))
            return null;
        using var left = JsonDocument.Parse(stored);
        using var right = JsonDocument.Parse(replayed);
        var (path, found, expected) = Walk("body", left.RootElement, right.RootElement) ?? ("body", "other bytes of the same meaning", "the canonical form");
        return new LogDifference(header.Generation, path, $"{expected} by the rules", found);
    }

    private static (string Path, string Left, string Right)? Walk(string path, JsonElement left, JsonElement right)
    {
        if (left.ValueKind != right.ValueKind)
            return (path, left.GetRawText(), right.GetRawText());
        switch (left.ValueKind)
        {
            case JsonValueKind.Object:
                // A slot is known by its name rather than by its place.
                if (left.TryGetProperty("chain", out var chain) && left.TryGetProperty("region", out var region) && left.TryGetProperty("picks", out _))
                    path = $"{path} ({chain.GetString()}/{region.GetString()})";
                foreach (var name in left.EnumerateObject().Concat(right.EnumerateObject()).Select(property => property.Name).Distinct())
                {
                    var isLeft = left.TryGetProperty(name, out var one);
                    var isRight = right.TryGetProperty(name, out var other);
                    if (!isLeft || !isRight)
                        return ($"{path}.{name}", isLeft ? one.GetRawText() : "nothing", isRight ? other.GetRawText() : "nothing");
                    if (Walk($"{path}.{name}", one, other) is { } inner)
                        return inner;
                }

                return null;
            case JsonValueKind.Array:
                for (var i = 0; i < Math.Max(left.GetArrayLength(), right.GetArrayLength()); i++)
                {
                    if (i >= left.GetArrayLength() || i >= right.GetArrayLength())
                        return (path, left.GetRawText(), right.GetRawText());
                    if (Walk($"{path}[{i}]", left[i], right[i]) is { } inner)
                        return inner;
                }

                return null;
            default:
                return left.GetRawText() == right.GetRawText() ? null : (path, left.GetRawText(), right.GetRawText());
        }
    }

    private ECDsa? Open(LogKey key)
    {
        if (!opened.TryGetValue(key, out var open))
            opened.Add(key, open = key.Open());
        return open;
    }

    private static string HashOf(string previousHash, string bodyHash)
    {
        try
        {
            return Convert.ToHexStringLower(EntryLog.Chain(Convert.FromHexString(previousHash), Convert.FromHexString(bodyHash)));
        }
        catch (Exception malformed) when (malformed is FormatException or ArgumentException)
        {
            return "(no hash can be made of the two before)";
        }
    }

    /// <summary>Only restored from entries, which needs no settings.</summary>
    private static SelectionBook NewBook() => new(new SelectionOptions(), new Probing.ProbingOptions());

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
