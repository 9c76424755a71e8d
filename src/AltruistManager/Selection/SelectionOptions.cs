using System.ComponentModel.DataAnnotations;
using AltruistManager.Selection.Policies;

namespace AltruistManager.Selection;

/// <summary>How picks are made (contract 2, section <c>Selection</c>; design 5.5).</summary>
public sealed class SelectionOptions
{
    public const string Section = "Selection";

    /// <summary>How often a round runs.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The window within which turns are counted, aligned to the epoch.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long before a round those whom it would pick are probed in full; half the interval at most.</summary>
    public TimeSpan LookAhead { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Name of the policy for chains that name none; see <see cref="SelectionPolicies"/>.</summary>
    [RegularExpression("least-used|round-robin|random|weighted|latency|quality", ErrorMessage = "must be least-used, round-robin, random, weighted, latency or quality")]
    public string Policy { get; set; } = "least-used";

    /// <summary><c>altruist</c> or <c>provider</c>: whose turns are evened out first.</summary>
    [RegularExpression("altruist|provider", ErrorMessage = "must be altruist or provider")]
    public string FairnessUnit { get; set; } = "altruist";

    /// <summary>Altruists in use at once per slot, for chains that say nothing of it.</summary>
    [Range(1, SlotQuestion.MostPrimaries)]
    public int Primaries { get; set; } = 1;

    /// <summary>The share of a slot's turns, in percent, that one provider gets at most in a window while others can serve; 100 is no cap.</summary>
    [Range(1, 100)]
    public int ProviderCapPercent { get; set; } = 100;

    /// <summary>For the policy <c>latency</c>: the median latency up to which altruists share the turns, in percent of the best one's.</summary>
    [Range(100, 10_000)]
    public int LatencyFactorPercent { get; set; } = 200;

    /// <summary>Standbys published per slot.</summary>
    [Range(0, 8)]
    public int Standbys { get; set; } = 2;

    /// <summary>The region of a call that names none; always exists.</summary>
    [Required]
    public string DefaultRegion { get; set; } = "global";
}
