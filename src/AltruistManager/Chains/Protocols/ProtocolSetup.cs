using Microsoft.Extensions.DependencyInjection;

namespace AltruistManager.Chains.Protocols;

public static class ProtocolSetup
{
    /// <summary>One line per protocol.</summary>
    public static IServiceCollection AddChainProtocols(this IServiceCollection services)
    {
        services.AddSingleton<IChainProtocol, EvmProtocol>();
        services.AddSingleton<IChainProtocol, SolanaProtocol>();
        services.AddSingleton<IChainProtocol, CometBftProtocol>();
        services.AddSingleton<IChainProtocol, NearProtocol>();
        services.AddSingleton<IChainProtocol, SubstrateProtocol>();
        services.AddSingleton<IChainProtocol, PocketProtocol>();
        services.AddSingleton<IChainProtocol, SuiProtocol>();
        services.AddSingleton<IChainProtocol, StarknetProtocol>();
        services.AddSingleton<IChainProtocol, JsonProtocol>();
        services.AddSingleton<IChainProtocol>(_ => DeclaredProtocol.Shipped("algorand"));
        services.AddSingleton<IChainProtocol>(_ => DeclaredProtocol.Shipped("arweave"));
        services.AddSingleton<IChainProtocol>(_ => DeclaredProtocol.Shipped("bitcoin"));
        services.AddSingleton<IChainProtocol>(_ => DeclaredProtocol.Shipped("eth-beacon"));
        services.AddSingleton<IChainProtocol>(_ => DeclaredProtocol.Shipped("radix"));
        services.AddSingleton<IChainProtocol>(_ => DeclaredProtocol.Shipped("tron"));
        services.AddSingleton<ProtocolCatalog>();
        return services;
    }
}
