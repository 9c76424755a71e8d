using Microsoft.Extensions.DependencyInjection;

namespace AltruistManager.Chains.Protocols;

public static class ProtocolSetup
{
    /// <summary>One line per protocol.</summary>
    public static IServiceCollection AddChainProtocols(this IServiceCollection services)
    {
        services.AddSingleton<IChainProtocol, EvmProtocol>();
        services.AddSingleton<ProtocolCatalog>();
        return services;
    }
}
