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
    /// <summary>The limit of tests, which are calls to somebody else's host.</summary>
    public const string Tests = "tests";

    /// <summary>The limit of reports, each of which is written.</summary>
    public const string Reports = "reports";

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    public static IServiceCollection AddRateLimits(this IServiceCollection services)
    {
        services.AddRateLimiter(static _ => { });
        services.AddSingleton<SignInLimits>();
        services.AddOptions<RateLimiterOptions>().Configure<IOptions<LimitsOptions>>((limiter, limits) =>
        {
            // A limit that is changed is another partition: what was used of the old one counts no more.
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, (string, int)>(context => context.User.Identity is CallerIdentity { Caller.KeyId: { } key }
                ? Partition(key, limits.Value.RequestsPerSecond, Second)
                : Partition(AddressOf(context), limits.Value.AnonymousRequestsPerSecond, Second));
            limiter.AddPolicy(Tests, context => Partition((context.User.Identity as CallerIdentity)?.Caller.KeyId ?? AddressOf(context), limits.Value.TestsPerMinute, Minute));
            limiter.AddPolicy(Reports, context => Partition((context.User.Identity as CallerIdentity)?.Caller.KeyId ?? AddressOf(context), limits.Value.ReportsPerMinute, Minute));
            limiter.OnRejected = static async (rejected, _) =>
            {
                var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? (int)Math.Ceiling(after.TotalSeconds) : 1;
                await Problems.TooFast("too-fast", "Slow down; Retry-After says when to try again.", Math.Max(1, wait)).ExecuteAsync(rejected.HttpContext);
            };
        });
        return services;
    }

    /// <summary>So many at once, and then as many spread over each <paramref name="time"/>: a window would let twice as many pass around its end.</summary>
    internal static RateLimitPartition<(string Who, int Permits)> Partition(string who, int permits, TimeSpan time) => permits == 0
        ? RateLimitPartition.GetNoLimiter((who, permits))
        : RateLimitPartition.GetTokenBucketLimiter((who, permits), _ => new TokenBucketRateLimiterOptions { TokenLimit = permits, TokensPerPeriod = 1, ReplenishmentPeriod = time / permits });

    /// <summary>Whoever has one IPv6 address has the other 2^64 of its network too.</summary>
    internal static string AddressOf(HttpContext context)
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
