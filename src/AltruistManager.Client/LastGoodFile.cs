using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Client;

/// <summary>What is needed to go on after a start without a manager.</summary>
/// <param name="Names">Other names of chains that were learned, each with the chain's id.</param>
internal sealed record LastGood(HeldSelections Held, IReadOnlyDictionary<string, string> Names);

/// <summary>The last good picks on disk: written whole beside the old ones, flushed and renamed; readable by the owner only; checked by a hash when read.</summary>
/// <param name="path">Null keeps nothing.</param>
internal sealed partial class LastGoodFile(string? path, ILogger logger)
{
    private const string FirstLine = "altruist-manager portal 1 ";
    private const int HashLength = 2 * SHA256.HashSizeInBytes;

    private readonly Lock gate = new();
    private bool isBroken;

    /// <returns>Null when there is none or it is not whole; the log says so.</returns>
    public LastGood? Read()
    {
        if (path is null)
            return null;
        try
        {
            if (!File.Exists(path))
                return null;
            ReadOnlyMemory<byte> all = File.ReadAllBytes(path);
            var start = FirstLine.Length + HashLength + 1;
            if (all.Length < start
                || Encoding.ASCII.GetString(all.Span[..(start - 1)]) != FirstLine + Convert.ToHexStringLower(SHA256.HashData(all.Span[start..])))
                throw new InvalidDataException("its hash does not fit");
            using var document = JsonDocument.Parse(all[start..]);
            var root = document.RootElement;
            var marks = root.GetProperty("marks").EnumerateArray().Select(mark => new OriginMark(mark.GetProperty("origin").GetString()!, mark.GetProperty("generation").GetInt64())).ToList();
            var names = root.GetProperty("names").EnumerateObject().ToDictionary(name => name.Name, name => name.Value.GetString()!);
            var told = SelectionReader.ReadSet(Encoding.UTF8.GetBytes(root.GetProperty("selections").GetRawText()));
            return new LastGood(new HeldSelections(told, marks), names);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or InvalidDataException or JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            LogUnreadable(path, unreadable.Message.ReplaceLineEndings(" "));
            return null;
        }
    }

    /// <summary>A disk that is full or cannot be written is told in the log, once; what was there before is untouched.</summary>
    /// <param name="current">What is held. Asked for while nobody else writes: whoever comes last writes the newest.</param>
    public void Save(Func<LastGood> current)
    {
        if (path is null)
            return;
        lock (gate)
        {
            var good = current();
            if (good.Held.Current is null)
                return;
            try
            {
                Write(path, good);
                if (isBroken)
                    LogMended(path);
                isBroken = false;
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
            {
                // The last of these says that a file may not grow further.
                if (!isBroken)
                    LogFailed(path, failed.Message.ReplaceLineEndings(" "));
                isBroken = true;
            }
        }
    }

    private static void Write(string path, LastGood good)
    {
        if (Path.GetDirectoryName(path) is { Length: > 0 } folder)
            Directory.CreateDirectory(folder);
        var content = ToJson(good);
        var temporary = path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var stream = new FileStream(temporary, options))
        {
            stream.Write(Encoding.ASCII.GetBytes($"{FirstLine}{Convert.ToHexStringLower(SHA256.HashData(content))}\n"));
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    private static ReadOnlySpan<byte> ToJson(LastGood good)
    {
        var told = good.Held.Current!;
        var output = new ArrayBufferWriter<byte>(1024 + told.Body.Length);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteStartArray("marks");
            foreach (var mark in good.Held.Marks)
            {
                json.WriteStartObject();
                json.WriteString("origin", mark.Origin);
                json.WriteNumber("generation", mark.Generation);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartObject("names");
            foreach (var (name, chain) in good.Names)
                json.WriteString(name, chain);
            json.WriteEndObject();
            json.WritePropertyName("selections");
            json.WriteRawValue(told.Body.Span, skipInputValidation: true);
            json.WriteEndObject();
        }

        return output.WrittenSpan;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last-good file {File} cannot be read and is left out: {Why}")]
    private partial void LogUnreadable(string file, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last-good file {File} cannot be written; picks are kept in memory only: {Why}")]
    private partial void LogFailed(string file, string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "The last-good file {File} is written again")]
    private partial void LogMended(string file);
}
