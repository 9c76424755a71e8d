using AltruistManager.Chains.Protocols;
using Microsoft.Extensions.DependencyInjection;

namespace AltruistManager.Tests.Chains.Protocols;

/// <summary>The protocols as they are registered.</summary>
internal static class ProtocolList
{
    public static ProtocolCatalog All { get; } = new ServiceCollection().AddChainProtocols().BuildServiceProvider().GetRequiredService<ProtocolCatalog>();
}
