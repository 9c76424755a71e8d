using System.Text.Json.Nodes;
using AltruistManager.Altruists;

namespace AltruistManager.Publishing;

/// <summary>The same API, version 1.</summary>
public sealed class PortalDatabaseV1Options : PortalDatabaseOptions
{
    internal override IPublisher Create(PublisherTools tools) => new PortalDatabaseV1(this, tools);
}

/// <summary>Sets the one URL of each chain.</summary>
internal sealed class PortalDatabaseV1(PortalDatabaseV1Options options, PublisherTools tools) : IPublisher
{
    public PublisherReach Reach { get; } = new([AuthKind.None], []);

    public Task<Publication> PublishAsync(PublisherWork work, CancellationToken cancellation) => PortalDatabase.PutAllAsync(
        work, options, tools, slot => ($"v1/blockchain/{Uri.EscapeDataString(slot.Target)}", new JsonObject { ["altruist"] = slot.Altruists[0].Url }), cancellation);
}
