using System.ComponentModel.DataAnnotations;

namespace AltruistManager.Selection;

/// <summary>How picks are made (contract 2, section <c>Selection</c>; design 5.5).</summary>
public sealed class SelectionOptions
{
    public const string Section = "Selection";

    /// <summary>How often a round runs.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The window within which turns are counted, aligned to the epoch.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Name of the policy for chains that name none.</summary>
    [RegularExpression("least-used", ErrorMessage = "Selection:Policy must be least-used.")]
    public string Policy { get; set; } = "least-used";

    /// <summary><c>altruist</c> or <c>provider</c>: whose turns are evened out first.</summary>
    [RegularExpression("altruist|provider", ErrorMessage = "Selection:FairnessUnit must be altruist or provider.")]
    public string FairnessUnit { get; set; } = "altruist";

    /// <summary>Altruists in use at once per slot.</summary>
    [Range(1, 1, ErrorMessage = "Selection:Primaries must be 1: more are not supported yet.")]
    public int Primaries { get; set; } = 1;

    /// <summary>Standbys published per slot.</summary>
    [Range(0, 8)]
    public int Standbys { get; set; } = 2;

    /// <summary>The region of a call that names none; always exists.</summary>
    [Required]
    public string DefaultRegion { get; set; } = "global";
}
