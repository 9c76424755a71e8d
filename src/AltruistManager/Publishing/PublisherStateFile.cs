using System.Text.Json;
using AltruistManager.Storage;
using Microsoft.Extensions.Logging;

namespace AltruistManager.Publishing;

/// <summary>The states of targets in a file, for one process that has no database: written whole and renamed. Nothing in it is secret.</summary>
public sealed partial class PublisherStateFile(string path, ILogger<PublisherStateFile> logger) : IPublisherMemory
{
    private readonly Lock gate = new();
    private Dictionary<string, Kept>? known;

    public Task<PublisherState> RecallAsync(string name, string place, string target, CancellationToken cancellation)
    {
        lock (gate)
        {
            known ??= Read();
            return Task.FromResult(known.GetValueOrDefault(name) is { } kept && kept.Target == target ? kept.State : PublisherState.Unknown);
        }
    }

    public Task RememberAsync(string name, string place, string target, PublisherState state, CancellationToken cancellation)
    {
        lock (gate)
        {
            known ??= Read();
            known[name] = new Kept(target, state);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(known));
        }

        return Task.CompletedTask;
    }

    private Dictionary<string, Kept> Read()
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<Dictionary<string, Kept>>(File.ReadAllBytes(path)) ?? [] : [];
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or JsonException)
        {
            LogUnreadable(path, unreadable.Message.ReplaceLineEndings(" "));
            return [];
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File} cannot be read: what targets have confirmed is not known, and all of them are published to anew: {Why}")]
    private partial void LogUnreadable(string file, string why);

    private sealed record Kept(string Target, PublisherState State);
}
