using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using AltruistManager.Storage;

namespace AltruistManager.Publishing;

/// <summary>A file for whoever reads files.</summary>
public sealed class SelectionFileOptions : PublisherOptions
{
    /// <summary>In a folder that exists; relative to the current one.</summary>
    [Required]
    public string File { get; set; } = "";

    internal override string Target => Path.GetFullPath(File);

    internal override IPublisher Create(PublisherTools tools) => new SelectionFile(this);

    protected override IEnumerable<(string Key, string Error)> FindMore(bool allowHttp)
    {
        if (Chains.Count > 0)
            yield return (nameof(Chains), "must be left out: the file holds the whole region");
    }
}

/// <summary>
/// Keeps the bulk body of the region in a file: always a whole one, readable by its owner, because it holds credentials; never an older one than somebody else has put there.
/// </summary>
internal sealed class SelectionFile(SelectionFileOptions options) : IPublisher
{
    public PublisherReach Reach => PublisherReach.Everything;

    public bool IsLocal => true;

    public Task<Publication> PublishAsync(PublisherWork work, CancellationToken cancellation)
    {
        try
        {
            if (!HoldsNewer(work.Region.Stamp))
                AtomicFile.Write(options.Target, work.Region.Body.Span, keepMode: true);
            return Task.FromResult(Publication.Confirmed);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new PublisherException($"the file cannot be written: {failed.Message.ReplaceLineEndings(" ")}");
        }
    }

    private bool HoldsNewer(PickStamp stamp)
    {
        if (!File.Exists(options.Target))
            return false;
        try
        {
            var there = PickStamp.Of(File.ReadAllBytes(options.Target));
            return there.Origin == stamp.Origin && there.Generation > stamp.Generation;
        }
        catch (Exception foreign) when (foreign is JsonException or InvalidOperationException or FormatException)
        {
            return false;
        }
    }
}
