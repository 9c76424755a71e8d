using AltruistManager.Client;
using AltruistManager.Publishing;

namespace AltruistManager.Web.Commands.Follow;

/// <summary>What the mirror's publishers read: the picks that it holds, of its one region. Who else may serve is not known to it.</summary>
internal sealed class MirrorSource(AltruistManagerClient client, string region) : IPickSource
{
    public ReadOnlyMemory<byte>? BodyOf(string asked) => asked == region ? client.Selections?.Body : null;

    public Task ChangedAsync(CancellationToken cancellation) => client.WaitForChangeAsync(client.Selections, cancellation);
}
