using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using AltruistManager.Web.Api;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Security;

/// <summary>Limits how often a key, or an address without one, may call. Endpoints that must always answer say <c>.DisableRateLimiting()</c>.</summary>
internal static class RateLimits
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    public static IServiceCollection AddRateLimits(this IServiceCollection services)
    {
        services.AddRateLimiter(static _ => { });
        services.AddOptions<RateLimiterOptions>().Configure<IOptions<LimitsOptions>>((limiter, limits) =>
        {
            var (perKey, perAddress) = (limits.Value.RequestsPerSecond, limits.Value.AnonymousRequestsPerSecond);
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => context.User.Identity is CallerIdentity { Caller.KeyId: { } key }
                ? Partition(key, perKey)
                : Partition(AddressOf(context), perAddress));
            limiter.OnRejected = static async (rejected, _) =>
                await new Problem(429, "too-fast", "Too many requests", "Slow down; Retry-After says when to try again.") { RetryAfterSeconds = 1 }
                    .ExecuteAsync(rejected.HttpContext);
        });
        return services;
    }

    private static RateLimitPartition<string> Partition(string key, int perSecond) => perSecond == 0
        ? RateLimitPartition.GetNoLimiter(key)
        : RateLimitPartition.GetFixedWindowLimiter(key, _ => new FixedWindowRateLimiterOptions { PermitLimit = perSecond, Window = Second });

    /// <summary>Whoever has one IPv6 address has the other 2^64 of its network too.</summary>
    private static string AddressOf(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily is not AddressFamily.InterNetworkV6)
            return address.ToString();
        var network = address.GetAddressBytes();
        network.AsSpan(8).Clear();
        return new IPAddress(network).ToString();
    }
}
