namespace AltruistManager.Publishing;

/// <summary>What holds for all publishers (section <c>Publishing</c>).</summary>
public sealed class PublishingOptions
{
    public const string Section = "Publishing";

    /// <summary>The whole time of one call to a target.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Until a failed publication is tried again, doubled with each further failure and shortened by up to a half by chance.</summary>
    public TimeSpan RetryInitial { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest time between two tries.</summary>
    public TimeSpan RetryMost { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>A target that is behind for longer is an alarm.</summary>
    public TimeSpan BehindAfter { get; set; } = TimeSpan.FromMinutes(15);
}
