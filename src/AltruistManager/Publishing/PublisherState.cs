namespace AltruistManager.Publishing;

/// <summary>How far a target is. Stored; holds nothing secret.</summary>
public sealed record PublisherState
{
    public static readonly PublisherState Unknown = new();

    /// <summary>What the target last confirmed; null before the first time.</summary>
    public PickStamp? Confirmed { get; init; }

    public DateTimeOffset? ConfirmedAt { get; init; }

    /// <summary>Since when it lacks something that it should have; null while it lacks nothing.</summary>
    public DateTimeOffset? BehindSince { get; init; }

    /// <summary>Why the last try failed; null once one has succeeded.</summary>
    public string? Error { get; init; }

    public DateTimeOffset? ErrorAt { get; init; }

    /// <summary>What the publisher has to know of the target after a restart.</summary>
    public string Memory { get; init; } = "";

    /// <summary>How often it had been doubted, when this was confirmed, that the target has what was confirmed; see <see cref="IPublisherMemory.ClaimAsync"/>.</summary>
    public long Doubts { get; init; }
}

/// <summary>Keeps the states of targets over restarts.</summary>
public interface IPublisherMemory
{
    /// <param name="place">The machine, for a target that each has of its own; else empty.</param>
    /// <param name="target">Tells targets apart: of another one under the same name nothing is known.</param>
    Task<PublisherState> RecallAsync(string name, string place, string target, CancellationToken cancellation);

    /// <inheritdoc cref="RecallAsync"/>
    Task RememberAsync(string name, string place, string target, PublisherState state, CancellationToken cancellation);

    /// <summary>Whether several processes publish to the same targets; they take turns by <see cref="ClaimAsync"/> then.</summary>
    bool IsShared => false;

    /// <summary>Takes or keeps the turn to publish, for that time from now.</summary>
    /// <param name="holder">The process.</param>
    /// <returns>How often it was doubted that the target has what was confirmed; null while it is another's turn.</returns>
    Task<long?> ClaimAsync(string name, string place, string holder, TimeSpan lease, CancellationToken cancellation) => Task.FromResult<long?>(0);

    /// <summary>Says that something was written out of turn.</summary>
    Task DoubtAsync(string name, string place, CancellationToken cancellation) => Task.CompletedTask;
}
