using System.ComponentModel.DataAnnotations;

namespace AltruistManager.Probing;

/// <summary>How altruists are probed (contract 2, section <c>Probing</c>).</summary>
public sealed class ProbingOptions
{
    public const string Section = "Probing";

    /// <summary>How often a network is swept.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How often current primaries are probed; first standbys six times less often.</summary>
    public TimeSpan HotInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often an undecided altruist is probed, start to start.</summary>
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>The whole time a steady probe may take.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The same for hot and retry probes.</summary>
    public TimeSpan HotTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Probes under way at once, per lane.</summary>
    [Range(1, 100_000)]
    public int Concurrency { get; set; } = 1024;

    /// <summary>Probes under way at once to one host and port, per lane.</summary>
    [Range(1, 1_000)]
    public int PerHost { get; set; } = 4;

    /// <summary>Whether <c>http</c> URLs may be registered and probed.</summary>
    public bool AllowHttp { get; set; }

    /// <summary>CIDRs of non-public addresses that altruists added by staff may use.</summary>
    public string[] AllowedPrivateNetworks { get; set; } = [];

    /// <summary>Name of the place the probes are made from.</summary>
    [Required]
    public string Vantage { get; set; } = "local";

    /// <summary>The region of this vantage, told beside it in the telemetry; null when it stands for none. No rule goes by it.</summary>
    public string? Region { get; set; }

    /// <summary>URLs whose answer proves that our own network works (design 5.4).</summary>
    public string[] Canaries { get; set; } = [];
}
