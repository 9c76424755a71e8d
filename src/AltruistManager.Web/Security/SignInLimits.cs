using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Security;

/// <summary>How often somebody may try to sign in: from one address, and for one account from wherever.</summary>
internal sealed class SignInLimits : IDisposable
{
    /// <summary>Of an email address (RFC 5321).</summary>
    private const int LongestAccount = 254;

    private readonly PartitionedRateLimiter<string>? addresses;
    private readonly PartitionedRateLimiter<string>? accounts;

    public SignInLimits(IOptions<LimitsOptions> limits)
    {
        if (limits.Value.SignInsPerMinute is 0)
            return;
        addresses = Create(limits.Value.SignInsPerMinute);
        accounts = Create(limits.Value.SignInsPerMinute);
    }

    public bool MayTry(string address, string account)
    {
        // What an address may not do takes nothing from an account, and no memory for what is no account.
        if (account.Length > LongestAccount)
            return false;
        using var first = addresses?.AttemptAcquire(address);
        if (first?.IsAcquired is false)
            return false;
        using var second = accounts?.AttemptAcquire(account.Trim().ToUpperInvariant());
        return second?.IsAcquired is not false;
    }

    public void Dispose()
    {
        addresses?.Dispose();
        accounts?.Dispose();
    }

    private static PartitionedRateLimiter<string> Create(int perMinute) =>
        PartitionedRateLimiter.Create<string, (string, int)>(key => RateLimits.Partition(key, perMinute, TimeSpan.FromMinutes(1)));
}
