using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Security;

/// <summary>Takes the caller's address and scheme from the headers of configured proxies. Limits count by that address, so nobody else may say it.</summary>
internal static class TrustedProxies
{
    public static IServiceCollection AddTrustedProxies(this IServiceCollection services)
    {
        // After all others: the framework has a switch in the environment that trusts everybody.
        services.AddOptions<ForwardedHeadersOptions>().PostConfigure<IOptions<HttpOptions>>(static (forwarded, http) =>
        {
            // Its defaults trust the loopback; without any proxy it would trust everybody.
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var network in http.Value.TrustedProxies)
                forwarded.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(network));
            forwarded.ForwardedHeaders = http.Value.TrustedProxies.Length == 0 ? ForwardedHeaders.None : ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            // Back through trusted proxies up to the first address that is none.
            forwarded.ForwardLimit = null;
        });
        return services;
    }
}
