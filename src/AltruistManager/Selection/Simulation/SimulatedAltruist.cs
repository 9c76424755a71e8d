using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing;

namespace AltruistManager.Selection.Simulation;

/// <summary>One altruist of a simulated world: how it really is, what is known of it, and when it is asked next. Times are milliseconds of the simulation.</summary>
/// <param name="home">Number of the region it stands in.</param>
/// <param name="chance">Of its failures and of nothing else, so that they do not depend on who is picked.</param>
internal sealed class SimulatedAltruist(int number, Altruist registered, AltruistClass behaviour, int home, Random chance)
{
    public const long Never = long.MaxValue;

    // The lanes that repeat.
    public const int Steady = (int)ProbeLane.Steady;
    public const int Hot = (int)ProbeLane.Hot;
    public const int Retry = (int)ProbeLane.Retry;

    public int Number => number;

    public Altruist Registered { get; set; } = registered;

    public AltruistClass Class => behaviour;

    public int Home => home;

    public Fault Own { get; set; }

    public Fault Outage { get; set; }

    public Fault Fault => Outage != Fault.None ? Outage : Own;

    public bool IsWell => Fault == Fault.None;

    public bool HasLeft => Registered.RetiredAt is not null;

    public Watched Watched { get; set; } = Watched.New;

    /// <summary>Among the altruists of the book; -1 while it has none.</summary>
    public int Place { get; set; } = -1;

    /// <summary>Where it is a candidate.</summary>
    public List<int> Slots { get; } = [];

    /// <summary>In how many slots it is a primary.</summary>
    public int Primaries { get; set; }

    /// <summary>In how many slots it is the first standby.</summary>
    public int FirstStandbys { get; set; }

    /// <summary>When each lane that repeats asks it next.</summary>
    public long[] Due { get; } = [Never, Never, Never];

    /// <summary>Whether a probe of the lane is under way: the next one of the same lane is skipped.</summary>
    public bool[] Asked { get; } = new bool[3];

    /// <summary>0 while it is not hot.</summary>
    public long HotPeriod { get; set; }

    /// <summary>The next time it wakes to be asked.</summary>
    public long AskAt { get; set; } = Never;

    /// <summary>Counts up whenever <see cref="AskAt"/> moves, so that what was planned before does not count.</summary>
    public int Plan { get; set; }

    /// <summary>It is well and known to be: asking changes nothing until it fails, so that it is not simulated.</summary>
    public bool Rests { get; set; }

    public long RestsSince { get; set; }

    public long UntilNextFailure() => Draw(behaviour.HoursBetweenFailures * 3_600_000);

    public long UntilRepair() => Draw(behaviour.MinutesToRepair * 60_000);

    public Fault NextFault()
    {
        var drawn = chance.NextDouble() * behaviour.Faults.Sum(fault => fault.Weight);
        foreach (var (fault, weight) in behaviour.Faults)
        {
            if ((drawn -= weight) < 0)
                return fault;
        }

        return behaviour.Faults[^1].Fault;
    }

    private long Draw(double mean) => 1 + (long)(-Math.Log(1 - chance.NextDouble()) * mean);
}
