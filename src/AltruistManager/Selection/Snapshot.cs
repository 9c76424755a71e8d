using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using AltruistManager.Altruists;

namespace AltruistManager.Selection;

/// <summary>How a body is compressed.</summary>
public enum BodyCoding
{
    Plain,
    Gzip,
    Brotli,
}

/// <summary>A body ready to be sent; the same bytes and tag on every instance.</summary>
/// <param name="Body">UTF-8 JSON, compressed as <see cref="Coding"/> says.</param>
/// <param name="ETag">Strong and quoted: a hash of the plain bytes, and the coding where there is one.</param>
/// <param name="Generation">For the header <c>Altruist-Generation</c>.</param>
/// <param name="HasPick">False for a known slot without a pick (503 <c>no-altruist</c>); the body is then what the bulk call says of it.</param>
public sealed record Answer(ReadOnlyMemory<byte> Body, string ETag, long Generation, bool HasPick)
{
    /// <summary>Below this a body fits into a packet or two as it is.</summary>
    private const int WorthBytes = 2048;

    /// <summary>Of 11: those above save little more and take many times as long.</summary>
    private const int BrotliQuality = 5;

    public BodyCoding Coding { get; private init; }

    /// <summary>The same, compressed; itself where that does not pay.</summary>
    internal Answer Compressed(BodyCoding coding)
    {
        if (coding is BodyCoding.Plain || Body.Length < WorthBytes)
            return this;
        using var output = new MemoryStream(Body.Length / 4);
        using (Stream stream = coding is BodyCoding.Brotli
            ? new BrotliStream(output, new BrotliCompressionOptions { Quality = BrotliQuality }, leaveOpen: true)
            : new GZipStream(output, CompressionLevel.Optimal, leaveOpen: true))
            stream.Write(Body.Span);
        return this with { Body = output.ToArray(), ETag = $"{ETag[..^1]}-{(coding is BodyCoding.Brotli ? "br" : "gzip")}\"", Coding = coding };
    }

    internal static Answer Of(ReadOnlyMemory<byte> body, long generation, bool hasPick)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body.Span, hash);
        return new Answer(body, $"\"{Convert.ToHexStringLower(hash[..16])}\"", generation, hasPick);
    }
}

/// <summary>What portals are told, complete and immutable. Replaced as a whole; nothing on the way to an answer waits or locks, and its words are found once.</summary>
public sealed class Snapshot
{
    /// <summary>Before the first load.</summary>
    public static readonly Snapshot Empty = new();

    private readonly FrozenDictionary<string, SnapshotRegion> regions = FrozenDictionary<string, SnapshotRegion>.Empty;
    private readonly Lazy<HashSet<AltruistId>> primaries = new(() => []);
    private readonly Lazy<HashSet<AltruistId>> firstStandbys = new(() => []);

    private Snapshot()
    {
    }

    internal Snapshot(string origin, long generation, string roundAt, IReadOnlyCollection<SnapshotRegion> regions, IReadOnlyDictionary<SlotKey, SlotStatus> slots)
    {
        Origin = origin;
        Generation = generation;
        RoundAt = roundAt;
        IsLoaded = true;
        Slots = slots;
        this.regions = regions.ToFrozenDictionary(region => region.Id);
        primaries = new(() => [.. slots.Values.SelectMany(slot => slot.Primaries).Select(pick => pick.Altruist)]);
        firstStandbys = new(() => [.. slots.Values.Where(slot => slot.Standbys.Count > 0).Select(slot => slot.Standbys[0].Altruist).Where(id => !primaries.Value.Contains(id))]);
    }

    public string Origin { get; } = "";

    /// <summary>The newest entry it knows.</summary>
    public long Generation { get; }

    /// <summary>When the picks were last confirmed, RFC 3339, ready for the header <c>Altruist-Round-At</c>; empty before the first round.</summary>
    public string RoundAt { get; private init; } = "";

    public bool IsLoaded { get; }

    /// <summary>What each slot serves, for pages; empty while only the last-good file could be read.</summary>
    public IReadOnlyDictionary<SlotKey, SlotStatus> Slots { get; } = new Dictionary<SlotKey, SlotStatus>();

    /// <summary>Worked out when probing first asks; portals need not wait for it.</summary>
    internal IReadOnlyCollection<AltruistId> Primaries => primaries.Value;

    internal IReadOnlyCollection<AltruistId> FirstStandbys => firstStandbys.Value;

    public IEnumerable<string> RegionIds => regions.Keys.Order(StringComparer.Ordinal);

    internal IReadOnlyCollection<SnapshotRegion> Regions => regions.Values;

    public bool HasRegion(string region) => regions.ContainsKey(region);

    /// <summary>True for an id or alias of a chain that has slots.</summary>
    public bool HasChain(string chain)
    {
        // Every region has a slot of every chain.
        foreach (var region in regions.Values)
            return region.Knows(chain);
        return false;
    }

    /// <summary>What a slot serves.</summary>
    /// <param name="chain">Id or alias.</param>
    /// <returns>Null for an unknown chain or region.</returns>
    public Answer? Find(string chain, string region) => regions.TryGetValue(region, out var found) ? found.Find(chain) : null;

    /// <summary>Every slot of the region; null for an unknown region.</summary>
    /// <param name="coding">The answer says whether it was worth that.</param>
    /// <param name="chains">Only their slots; null for all.</param>
    public Answer? FindAll(string region, BodyCoding coding = BodyCoding.Plain, ChainChoice? chains = null) =>
        regions.TryGetValue(region, out var found) ? found.All(coding, chains) : null;

    /// <summary>The id of a chain that has a slot in the region, by any of its names; null for an unknown one.</summary>
    public string? ChainIdOf(string chain, string region) => regions.TryGetValue(region, out var found) ? found.IdOf(chain) : null;

    /// <summary>The greatest generation that changed a slot or the revoked list of the region; null for an unknown region.</summary>
    public long? GenerationOf(string region) => regions.TryGetValue(region, out var found) ? found.Generation : null;

    /// <summary>What whoever holds the region as of a generation of this origin lacks: each slot that changed since, in the order of generations.</summary>
    /// <param name="chains">Null for all.</param>
    /// <returns>Null where slots do not tell all: some altruist was revoked, a slot went, or the region is unknown.</returns>
    public IReadOnlyList<Answer>? ChangedSince(string region, long generation, ChainChoice? chains = null) =>
        regions.TryGetValue(region, out var found) ? found.ChangedSince(generation, chains) : null;
}

/// <summary>Chains of which some portals are told, and no others. Equal where the chains are.</summary>
public sealed class ChainChoice(IReadOnlyCollection<string> ids) : IEquatable<ChainChoice>
{
    private readonly FrozenSet<string> chosen = ids.ToFrozenSet(StringComparer.Ordinal);

    public bool Holds(string id) => chosen.Contains(id);

    public bool Equals(ChainChoice? other) => other is not null && chosen.SetEquals(other.chosen);

    public override bool Equals(object? obj) => Equals(obj as ChainChoice);

    public override int GetHashCode() => chosen.Aggregate(0, static (sum, id) => sum ^ id.GetHashCode(StringComparison.Ordinal));
}

/// <summary>One slot of a region, with the names it can be asked by: the chain's id first, then its aliases.</summary>
internal sealed record SnapshotSlot(string[] Names, SlotAnswer Told)
{
    public Answer Answer => Told.Answer;
}

/// <summary>A region's slots, in the order of chains.</summary>
internal sealed class SnapshotRegion
{
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly Dictionary<string, SlotAnswer> told;
    private readonly Lazy<Answer>[] all;
    private readonly ConcurrentDictionary<ChainChoice, Lazy<Answer>[]> some = new();
    private readonly string origin;

    public SnapshotRegion(string id, string origin, IReadOnlyList<SnapshotSlot> slots, IReadOnlyList<string> revoked, long revokedGeneration)
    {
        Id = id;
        this.origin = origin;
        Slots = slots;
        Revoked = revoked;
        RevokedGeneration = revokedGeneration;
        told = new Dictionary<string, SlotAnswer>(2 * slots.Count);
        foreach (var slot in slots)
            told[slot.Names[0]] = slot.Told;
        foreach (var slot in slots)
        {
            for (var alias = 1; alias < slot.Names.Length; alias++)
                told.TryAdd(slot.Names[alias], slot.Told);
        }

        Generation = slots.Aggregate(revokedGeneration, static (greatest, slot) => Math.Max(greatest, slot.Told.Generation));
        all = BodiesOf(slots);
    }

    public string Id { get; }

    public IReadOnlyList<SnapshotSlot> Slots { get; }

    public IReadOnlyList<string> Revoked { get; }

    /// <summary>The entry that last changed <see cref="Revoked"/> or took a slot away; 0 when none did.</summary>
    public long RevokedGeneration { get; }

    public long Generation { get; }

    /// <summary>
    /// The bulk body; put together, and compressed, at the first call after a change. That of some chains has the generation of all: a portal that may read others from
    /// now on must not take their older ones for a step back.
    /// </summary>
    public Answer All(BodyCoding coding, ChainChoice? chains) => (chains is null
        ? all
        : some.GetOrAdd(chains, static (chosen, region) => region.BodiesOf([.. region.Slots.Where(slot => chosen.Holds(slot.Names[0]))]), this))[(int)coding].Value;

    public string? IdOf(string chain) => Slots.FirstOrDefault(slot => slot.Names[0] == chain)?.Names[0] ?? Slots.FirstOrDefault(slot => slot.Names.Contains(chain))?.Names[0];

    public bool Knows(string chain) => told.ContainsKey(chain);

    public Answer? Find(string chain) => told.GetValueOrDefault(chain)?.Answer;

    /// <inheritdoc cref="Snapshot.ChangedSince"/>
    public IReadOnlyList<Answer>? ChangedSince(long generation, ChainChoice? chains) => RevokedGeneration > generation
        ? null
        : [.. Slots.Where(slot => slot.Told.Generation > generation && chains?.Holds(slot.Names[0]) != false).OrderBy(slot => slot.Told.Generation).Select(slot => slot.Answer)];

    private Lazy<Answer>[] BodiesOf(IReadOnlyList<SnapshotSlot> slots)
    {
        var plain = new Lazy<Answer>(() => Write(slots));
        return [plain, new Lazy<Answer>(() => plain.Value.Compressed(BodyCoding.Gzip)), new Lazy<Answer>(() => plain.Value.Compressed(BodyCoding.Brotli))];
    }

    private Answer Write(IReadOnlyList<SnapshotSlot> slots)
    {
        var output = new ArrayBufferWriter<byte>(256 + slots.Sum(slot => slot.Answer.Body.Length + 1));
        using (var json = new Utf8JsonWriter(output, Compact))
        {
            json.WriteStartObject();
            json.WriteString("region", Id);
            json.WriteString("origin", origin);
            json.WriteNumber("generation", Generation);
            json.WriteStartArray("selections");
            foreach (var slot in slots)
                json.WriteRawValue(slot.Answer.Body.Span, skipInputValidation: true);
            json.WriteEndArray();
            json.WriteStartArray("revoked");
            foreach (var altruist in Revoked)
                json.WriteStringValue(altruist);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Answer.Of(output.WrittenMemory.ToArray(), Generation, hasPick: true);
    }
}

/// <summary>Holds the current <see cref="Snapshot"/>.</summary>
public sealed class SnapshotHolder
{
    private volatile Snapshot current = Snapshot.Empty;
    private TaskCompletionSource swapped = NewSignal();

    public Snapshot Current => current;

    /// <summary>The current snapshot as soon as it is another than the one known; of several that came meanwhile the newest.</summary>
    public async Task<Snapshot> NextAsync(Snapshot known, CancellationToken cancellation)
    {
        while (true)
        {
            // Taken before the look, so that no swap falls between the two.
            var next = Volatile.Read(ref swapped).Task;
            if (current is var now && !ReferenceEquals(now, known))
                return now;
            await next.WaitAsync(cancellation);
        }
    }

    internal void Swap(Snapshot next)
    {
        current = next;
        Interlocked.Exchange(ref swapped, NewSignal()).SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
