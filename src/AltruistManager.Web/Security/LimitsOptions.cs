using System.ComponentModel.DataAnnotations;

namespace AltruistManager.Web.Security;

/// <summary>How often may be called (contract 2, section <c>Limits</c>), and how much may be open; 0 is no limit.</summary>
internal sealed class LimitsOptions
{
    public const string Section = "Limits";

    /// <summary>For each key.</summary>
    [Range(0, 1_000_000)]
    public int RequestsPerSecond { get; set; } = 1000;

    /// <summary>For each address, without a key.</summary>
    [Range(0, 1_000_000)]
    public int AnonymousRequestsPerSecond { get; set; } = 20;

    /// <summary>Tests of altruists for each key.</summary>
    [Range(0, 1_000_000)]
    public int TestsPerMinute { get; set; } = 10;

    /// <summary>Reports of a portal for each key.</summary>
    [Range(0, 1_000_000)]
    public int ReportsPerMinute { get; set; } = 120;

    /// <summary>Attempts to sign in, from each address and for each account.</summary>
    [Range(0, 1_000_000)]
    public int SignInsPerMinute { get; set; } = 10;

    /// <summary>Open streams for each key.</summary>
    [Range(0, 1_000_000)]
    public int StreamsPerKey { get; set; } = 1000;

    /// <summary>Open streams in all: each takes a file handle and some 16 KB.</summary>
    [Range(0, 1_000_000)]
    public int Streams { get; set; } = 20_000;

    /// <summary>Open pages of the consoles in all: each holds what it shows in memory, up to some megabytes.</summary>
    [Range(0, 100_000)]
    public int Circuits { get; set; } = 500;

    /// <summary>Open pages of the consoles for each user.</summary>
    [Range(0, 100_000)]
    public int CircuitsPerUser { get; set; } = 20;
}
