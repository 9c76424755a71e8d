using System.Text.Json;
using AltruistManager.Storage;
using AltruistManager.Transparency;

namespace AltruistManager.Web.Commands.Follow;

/// <summary>How far the logs were proven, on disk: written whole and renamed. Nothing in it is secret.</summary>
internal sealed partial class ProvenHeadFile(string path, ILogger<ProvenHeadFile> logger)
{
    /// <summary>Empty when there is none, or it cannot be read.</summary>
    public IReadOnlyList<ProvenHead> Read()
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<List<ProvenHead>>(File.ReadAllBytes(path)) ?? [] : [];
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or JsonException)
        {
            LogUnreadable(path, unreadable.Message.ReplaceLineEndings(" "));
            return [];
        }
    }

    public void Save(IReadOnlyList<ProvenHead> heads)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(heads));
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            LogFailed(path, failed.Message.ReplaceLineEndings(" "));
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File} cannot be read: the log is proven from its newest round on, as at the first start: {Why}")]
    private partial void LogUnreadable(string file, string why);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File} cannot be written: after a restart the log is proven from an earlier entry on: {Why}")]
    private partial void LogFailed(string file, string why);
}
