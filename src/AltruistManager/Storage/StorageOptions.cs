using System.ComponentModel.DataAnnotations;

namespace AltruistManager.Storage;

/// <summary>Where the data lives (contract 2, section <c>Storage</c>).</summary>
public sealed class StorageOptions
{
    public const string Section = "Storage";

    /// <summary><c>sqlite</c> or <c>postgres</c>.</summary>
    [RegularExpression("sqlite|postgres", ErrorMessage = "must be sqlite or postgres")]
    public string Provider { get; set; } = "sqlite";

    [Required]
    public string ConnectionString { get; set; } = "Data Source=data/altruist-manager.db";

    /// <summary>Folder of the last-good file and the key rings; null means the folder of the SQLite file, else <c>data</c>.</summary>
    public string? DataDirectory { get; set; }
}
