using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using AltruistManager.Storage;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Selection;

/// <summary>Something that portals need as much as the snapshot and that is kept beside it, such as the hashes of their keys.</summary>
public interface ILastGoodPart
{
    /// <summary>Name of its property in the file.</summary>
    string Name { get; }

    void Write(Utf8JsonWriter json);

    void Read(JsonElement json);
}

/// <summary>What portals were told last.</summary>
/// <param name="Snapshot">Null where it cannot be decrypted: then its generation is known, and nothing may be published below it.</param>
internal sealed record LastTold(string Origin, long Generation, Snapshot? Snapshot)
{
    public static LastTold Of(Snapshot snapshot) => new(snapshot.Origin, snapshot.Generation, snapshot);
}

/// <summary>
/// The last good snapshot on disk, so that portals are served at once after a start and without a database. Written in whole and renamed;
/// readable by the owner only, and what portals are told of endpoints is encrypted.
/// </summary>
public sealed partial class LastGoodFile(Database database, KeyRing ring, IEnumerable<ILastGoodPart> parts, ILogger<LastGoodFile> logger)
{
    private const int Format = 2;

    /// <summary>Of versions that encrypted nothing; replaced at the first save.</summary>
    private const int PlainFormat = 1;

    private const string Purpose = "AltruistManager.LastGood.1";

    private string FilePath => Path.Combine(database.DataDirectory, "last-good.json");

    /// <summary>What it tells, for a look from outside; null when there is none, or it cannot be read.</summary>
    public Snapshot? Read() => Load(withParts: false)?.Snapshot;

    /// <summary>Null when there is none, or it cannot be read; the log says so.</summary>
    /// <param name="withParts">Whether to hand the parts theirs: only where the database cannot tell.</param>
    internal LastTold? Load(bool withParts)
    {
        try
        {
            if (!File.Exists(FilePath))
                return null;

            using var document = JsonDocument.Parse(File.ReadAllBytes(FilePath));
            var root = document.RootElement;
            var format = root.GetProperty("format").GetInt32();
            if (format is not (Format or PlainFormat))
                return null;

            foreach (var part in withParts ? parts : [])
            {
                if (root.TryGetProperty(part.Name, out var json))
                    part.Read(json);
            }

            var origin = root.GetProperty("origin").GetString()!;
            var generation = root.GetProperty("generation").GetInt64();
            using var opened = format == Format ? Open(root.GetProperty("sealed").GetBytesFromBase64()) : null;
            if (format == Format && opened is null)
                return new LastTold(origin, generation, null);
            var regions = (opened?.RootElement ?? root.GetProperty("regions")).EnumerateArray().Select(region => ReadRegion(region, origin)).ToList();
            return LastTold.Of(new Snapshot(origin, generation, root.GetProperty("roundAt").GetString()!, regions, new Dictionary<SlotKey, SlotStatus>()));
        }
        catch (Exception unreadable) when (unreadable is IOException or JsonException or UnauthorizedAccessException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            LogUnreadable(unreadable, FilePath);
            return null;
        }
    }

    private JsonDocument? Open(byte[] text)
    {
        try
        {
            return JsonDocument.Parse(ring.Reader(Purpose)(text));
        }
        catch (CryptographicException undecryptable)
        {
            LogUndecryptable(FilePath, ring.Explain(undecryptable));
            return null;
        }
    }

    /// <exception cref="IOException">The disk is full or cannot be written; what was there before is untouched.</exception>
    /// <exception cref="StorageException">The key ring cannot be used.</exception>
    internal void Save(Snapshot snapshot)
    {
        Directory.CreateDirectory(database.DataDirectory);
        var output = new ArrayBufferWriter<byte>(64 * 1024);
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true }))
            Write(json, snapshot);
        AtomicFile.Write(FilePath, output.WrittenSpan);
    }

    private void Write(Utf8JsonWriter json, Snapshot snapshot)
    {
        json.WriteStartObject();
        json.WriteNumber("format", Format);
        json.WriteString("origin", snapshot.Origin);
        json.WriteNumber("generation", snapshot.Generation);
        json.WriteString("roundAt", snapshot.RoundAt);
        foreach (var part in parts)
        {
            json.WritePropertyName(part.Name);
            part.Write(json);
        }

        var regions = new ArrayBufferWriter<byte>(64 * 1024);
        using (var inner = new Utf8JsonWriter(regions, new JsonWriterOptions { SkipValidation = true }))
            WriteRegions(inner, snapshot);
        json.WriteBase64String("sealed", ring.Protect(Purpose, regions.WrittenSpan.ToArray()));
        json.WriteEndObject();
    }

    private static void WriteRegions(Utf8JsonWriter json, Snapshot snapshot)
    {
        json.WriteStartArray();
        foreach (var region in snapshot.Regions)
        {
            json.WriteStartObject();
            json.WriteString("id", region.Id);
            json.WriteNumber("revokedGeneration", region.RevokedGeneration);
            json.WriteStartArray("revoked");
            foreach (var altruist in region.Revoked)
                json.WriteStringValue(altruist);
            json.WriteEndArray();
            json.WriteStartArray("slots");
            foreach (var slot in region.Slots)
            {
                json.WriteStartObject();
                json.WriteStartArray("names");
                foreach (var name in slot.Names)
                    json.WriteStringValue(name);
                json.WriteEndArray();
                json.WriteNumber("generation", slot.Told.Generation);
                json.WriteBoolean("hasPick", slot.Told.HasPick);
                json.WritePropertyName("body");
                json.WriteRawValue(slot.Answer.Body.Span, skipInputValidation: true);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static SnapshotRegion ReadRegion(JsonElement region, string origin)
    {
        var slots = new List<SnapshotSlot>();
        foreach (var slot in region.GetProperty("slots").EnumerateArray())
        {
            // The very bytes that were published, so that their tag is the same.
            var body = System.Text.Encoding.UTF8.GetBytes(slot.GetProperty("body").GetRawText());
            slots.Add(new SnapshotSlot(
                [.. slot.GetProperty("names").EnumerateArray().Select(name => name.GetString()!)],
                new SlotAnswer(Answer.Of(body, slot.GetProperty("generation").GetInt64(), slot.GetProperty("hasPick").GetBoolean()))));
        }

        return new SnapshotRegion(
            region.GetProperty("id").GetString()!,
            origin,
            slots,
            [.. region.GetProperty("revoked").EnumerateArray().Select(id => id.GetString()!)],
            region.GetProperty("revokedGeneration").GetInt64());
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last-good file {File} cannot be read and is left out")]
    private partial void LogUnreadable(Exception exception, string file);

    [LoggerMessage(Level = LogLevel.Error, Message = "The last-good file {File} cannot be decrypted, and only its generation is known: {Why}")]
    private partial void LogUndecryptable(string file, string why);
}
