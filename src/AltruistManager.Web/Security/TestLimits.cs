using System.Threading.RateLimiting;
using AltruistManager.Accounts;
using Microsoft.Extensions.Options;

namespace AltruistManager.Web.Security;

/// <summary>How often somebody may have an endpoint tested from the pages: as often as a key may on the API (security 2.4.1).</summary>
internal sealed class TestLimits(IOptions<LimitsOptions> limits) : IDisposable
{
    private readonly PartitionedRateLimiter<string> users = PartitionedRateLimiter.Create<string, (string, int)>(user => RateLimits.Partition(user, limits.Value.TestsPerMinute, TimeSpan.FromMinutes(1)));

    public bool MayTest(Actor actor)
    {
        using var lease = users.AttemptAcquire(actor.Author);
        return lease.IsAcquired;
    }

    public void Dispose() => users.Dispose();
}
