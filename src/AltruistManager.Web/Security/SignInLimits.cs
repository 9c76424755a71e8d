using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Security;

/// <summary>How often somebody may try to sign in: from one address, and for one account from wherever.</summary>
internal sealed class SignInLimits : IDisposable
{
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
        using var first = addresses?.AttemptAcquire(address);
        using var second = accounts?.AttemptAcquire(account.Trim().ToUpperInvariant());
        return first?.IsAcquired is not false && second?.IsAcquired is not false;
    }

    public void Dispose()
    {
        addresses?.Dispose();
        accounts?.Dispose();
    }

    private static PartitionedRateLimiter<string> Create(int perMinute) =>
        PartitionedRateLimiter.Create<string, string>(key => RateLimits.Partition(key, perMinute, TimeSpan.FromMinutes(1)));
}
