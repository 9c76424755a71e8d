using System.ComponentModel.DataAnnotations;

namespace AltruistManager.Transparency;

/// <summary>How long the log is kept whole (contract 2, section <c>Transparency</c>).</summary>
public sealed class TransparencyOptions
{
    public const string Section = "Transparency";

    /// <summary>After so many days an entry's body is forgotten; its header stays for ever.</summary>
    [Range(1, 36500)]
    public int KeepDays { get; set; } = 30;
}
