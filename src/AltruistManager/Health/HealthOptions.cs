using System.ComponentModel.DataAnnotations;

namespace AltruistManager.Health;

/// <summary>When a verdict changes (contract 2, section <c>Health</c>; design 5.3).</summary>
public sealed class HealthOptions
{
    public const string Section = "Health";

    /// <summary>Bad probes in a row until an altruist is down.</summary>
    [Range(1, 100)]
    public int Fall { get; set; } = 3;

    /// <summary>Good probes in a row until it is healthy.</summary>
    [Range(1, 100)]
    public int Rise { get; set; } = 2;

    /// <summary>The first cool-down after a fall; doubles while it goes on failing.</summary>
    public TimeSpan CooldownInitial { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How often in an hour an altruist may fall out of use and come back; from then on it is used only where there is nobody else, until the oldest of these falls is an hour ago.</summary>
    [Range(1, 1_000)]
    public int PickChangesPerHour { get; set; } = 6;

    /// <summary>How long an altruist is down until it is suspended.</summary>
    public TimeSpan SuspendAfter { get; set; } = TimeSpan.FromHours(17);
}
