namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>These tests run nodes, a browser and the service on the clock of the wall: one at a time, and beside nothing else.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EndToEndCollection
{
    public const string Name = "End to end";
}
