namespace AltruistManager.Storage;

/// <summary>The storage cannot be used as it is; the message is one line that says what to do.</summary>
public sealed class StorageException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The database was made by another program or version: waiting does not help.</summary>
    public bool IsForeign { get; init; }
}
