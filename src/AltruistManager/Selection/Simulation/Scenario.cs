using AltruistManager.Health;
using AltruistManager.Probing;

namespace AltruistManager.Selection.Simulation;

/// <summary>What can really be wrong with an altruist, whatever the probes make of it.</summary>
public enum Fault
{
    None,

    /// <summary>Refuses connections.</summary>
    Refuse,

    /// <summary>Lets connections time out, as one does whose packets are dropped.</summary>
    Silence,

    /// <summary>Answers after three seconds: in time for a sweep, but not for the hot lane.</summary>
    Slow,

    /// <summary>Answers well, but is behind.</summary>
    Lag,

    /// <summary>Answers 429.</summary>
    Throttle,

    /// <summary>Serves another chain.</summary>
    WrongChain,
}

/// <summary>A world to try the rules on (<c>docs/simulation.md</c>). What really happens in it follows from the seed alone, so that two policies meet the same failures.</summary>
public sealed record Scenario
{
    public required double Hours { get; init; }

    public required int Seed { get; init; }

    public required int Chains { get; init; }

    public required int Regions { get; init; }

    /// <summary>How many regions each may fall back to: those that follow it.</summary>
    public required int Fallbacks { get; init; }

    public required IReadOnlyList<AltruistClass> Classes { get; init; }

    public required IReadOnlyList<ProviderGroup> Providers { get; init; }

    public required Traffic Traffic { get; init; }

    public required IReadOnlyList<Outage> Outages { get; init; }

    public required Churn Churn { get; init; }

    public required Orders Drains { get; init; }

    public required Orders Exclusions { get; init; }

    public required SelectionOptions Selection { get; init; }

    public required HealthOptions Health { get; init; }

    public required ProbingOptions Probing { get; init; }

    public int Slots => Chains * Regions;
}

/// <summary>Altruists that behave alike.</summary>
/// <param name="Regions">In how many regions each is offered; 0 for everywhere.</param>
/// <param name="CapacityRps">Declared requests per second; null for one that declares none.</param>
/// <param name="HoursBetweenFailures">On average, from a repair to the next failure; 0 for one that never fails.</param>
/// <param name="MinutesToRepair">On average.</param>
/// <param name="Faults">How likely each is.</param>
public sealed record AltruistClass(
    string Name, double LatencyMs, int? CapacityRps, int Tier, int Regions, double HoursBetweenFailures, double MinutesToRepair, IReadOnlyList<(Fault Fault, double Weight)> Faults);

/// <summary>Providers of one size.</summary>
/// <param name="Providers">How many there are.</param>
/// <param name="Altruists">Of each.</param>
/// <param name="Classes">How likely each class is.</param>
/// <param name="JoinsAtHour">With all of its altruists; 0 for one that is there from the beginning.</param>
/// <param name="LeavesAtHour">Null for one that stays.</param>
public sealed record ProviderGroup(
    string Name, int Providers, int Altruists, int Shares, IReadOnlyList<(AltruistClass Class, double Weight)> Classes, double JoinsAtHour, double? LeavesAtHour);

/// <param name="RequestsPerSecond">Of a slot on average, outside of bursts.</param>
/// <param name="Skew">The slot of rank r has a share in proportion to r^-skew; 0 for equal ones.</param>
public sealed record Traffic(double RequestsPerSecond, double Skew, IReadOnlyList<Burst> Bursts);

/// <param name="Minute">Of each hour, at which it begins.</param>
/// <param name="Factor">How many times as much traffic there is while it lasts.</param>
public sealed record Burst(int Minute, int Seconds, double Factor);

/// <summary>All altruists that stand in a region fail together.</summary>
/// <param name="Region">Its number, from 1.</param>
public sealed record Outage(int Region, double AtHour, double Minutes, Fault Fault);

/// <summary>Altruists that come and go; <see cref="EveryHours"/> 0 for never.</summary>
public sealed record Churn(double EveryHours, int Join, int Leave);

/// <summary>What people order of altruists taken at random; <see cref="EveryHours"/> 0 for never.</summary>
public sealed record Orders(double EveryHours, int Altruists, double Minutes);
