using AltruistManager.Altruists;
using AltruistManager.Chains;

namespace AltruistManager.Selection.Simulation;

/// <summary>Who takes part in a simulation, and where.</summary>
internal sealed class SimulatedWorld
{
    public const string Identity = "1";

    /// <summary>Of every chain, in seconds.</summary>
    public const double BlockTime = 1;

    private readonly Scenario scenario;
    private readonly Random chance;
    private readonly DateTimeOffset start;
    private readonly Chain[] chains;
    private readonly Region[] regions;
    private readonly List<Provider> providers = [];
    private readonly List<(Provider Provider, ProviderGroup Group)> here = [];
    private long revision;

    /// <param name="start">Of the simulation.</param>
    public SimulatedWorld(Scenario scenario, DateTimeOffset start)
    {
        this.scenario = scenario;
        this.start = start;
        chance = new Random(scenario.Seed);
        regions = [.. Enumerable.Range(0, scenario.Regions).Select(number => new Region(
            RegionOf(number), $"Region {number + 1}", [.. Enumerable.Range(1, scenario.Fallbacks).Select(next => RegionOf((number + next) % scenario.Regions))]))];
        chains = [.. Enumerable.Range(0, scenario.Chains).Select(number => new Chain
        {
            Id = ChainOf(number),
            Name = $"Chain {number + 1}",
            Network = NetworkOf(number),
            BlockTimeSeconds = BlockTime,
            LagToleranceBlocks = 10,
            RequestTimeoutMs = 10_000,
        })];
    }

    /// <summary>In the order of their numbers, those that have left included.</summary>
    public List<SimulatedAltruist> Altruists { get; } = [];

    public Roster Roster { get; private set; } = Roster.Empty;

    public int ChainNumberOf(SimulatedAltruist altruist) => altruist.Number % scenario.Chains;

    /// <summary>The providers of a group join with all their altruists.</summary>
    public List<SimulatedAltruist> Join(ProviderGroup group)
    {
        var joined = new List<SimulatedAltruist>();
        for (var number = 0; number < group.Providers; number++)
        {
            var provider = new Provider(new(group.Providers == 1 ? group.Name : $"{group.Name}-{number + 1}"), group.Name, null, null, null, group.Shares);
            providers.Add(provider);
            here.Add((provider, group));
            for (var i = 0; i < group.Altruists; i++)
                joined.Add(Add(provider, group));
        }

        return joined;
    }

    /// <summary>One more of a provider that is there; the large ones grow more often.</summary>
    public SimulatedAltruist? JoinOne(Random chance)
    {
        if (here.Count == 0)
            return null;
        var drawn = chance.Next(here.Sum(one => one.Group.Altruists));
        foreach (var (provider, group) in here)
        {
            if ((drawn -= group.Altruists) < 0)
                return Add(provider, group);
        }

        return null;
    }

    /// <summary>The providers of a group leave.</summary>
    public List<SimulatedAltruist> Leave(ProviderGroup group)
    {
        var gone = here.Where(one => one.Group == group).Select(one => one.Provider.Id).ToHashSet();
        here.RemoveAll(one => one.Group == group);
        return [.. Altruists.Where(altruist => !altruist.HasLeft && gone.Contains(altruist.Registered.Provider))];
    }

    /// <summary>What was registered so far becomes the roster.</summary>
    public void Publish() => Roster = new Roster(++revision, chains, regions, providers, [.. Altruists.Select(altruist => altruist.Registered)]);

    private SimulatedAltruist Add(Provider provider, ProviderGroup group)
    {
        var number = Altruists.Count;
        var behaviour = Draw(group.Classes);
        var home = chance.Next(scenario.Regions);
        var offered = behaviour.Regions == 0 ? [RegionId.Everywhere] : Others(home, behaviour.Regions - 1).Prepend(home).Select(RegionOf).ToArray();
        var registered = new Altruist
        {
            Id = new($"a{number:000000}"),
            Provider = provider.Id,
            Network = NetworkOf(number % scenario.Chains),
            Chains = [ChainOf(number % scenario.Chains)],
            Regions = offered,
            Url = $"https://a{number:000000}.example/",
            MayBePrivate = false,
            Label = $"{provider.Id}-{number:000000}",
            CapacityRps = behaviour.CapacityRps,
            Tier = behaviour.Tier,
            Attested = true,
            CreatedAt = start,
        };
        var altruist = new SimulatedAltruist(number, registered, behaviour, home, new Random(unchecked((scenario.Seed * 1_000_003) + number)));
        Altruists.Add(altruist);
        return altruist;
    }

    private AltruistClass Draw(IReadOnlyList<(AltruistClass Class, double Weight)> classes)
    {
        var drawn = chance.NextDouble() * classes.Sum(one => one.Weight);
        foreach (var (behaviour, weight) in classes)
        {
            if ((drawn -= weight) < 0)
                return behaviour;
        }

        return classes[^1].Class;
    }

    private IEnumerable<int> Others(int home, int count)
    {
        var others = Enumerable.Range(0, scenario.Regions).Where(region => region != home).ToArray();
        chance.Shuffle(others);
        return others.Take(count);
    }

    private static RegionId RegionOf(int number) => new($"r{number + 1:0000}");

    private static ChainId ChainOf(int number) => new($"c{number + 1:00000}");

    private static NetworkId NetworkOf(int number) => new($"simulated-{number + 1}", Identity);
}
